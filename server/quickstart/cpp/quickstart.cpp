// Asks usersigd for a UserSig and a PrivateMapKey, and checks a token.
//
// quickstart USERID ROOM, with C++17 and libcurl 7.66 or later.

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <curl/curl.h>

// Members of a JSON object by their path, such as refusal.code. C++ has no JSON of its own.
using Members = std::map<std::string, std::string>;
Members read_json(const std::string &text);
std::string quote(const std::string &text);

static std::string get(const Members &m, const std::string &name, const std::string &otherwise = "") {
  auto found = m.find(name);
  return found == m.end() ? otherwise : found->second;
}

// region call
const int attempts = 4;

static std::string env(const char *name) {
  const char *value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

static std::string api_key() {
  std::ifstream file(env("USERSIG_API_KEY_FILE"));
  std::string key;
  if (!(file >> key)) throw std::runtime_error("the file of the API key cannot be read");
  return key;
}

// usersigd did not do what it was asked, and says why.
struct Problem : std::runtime_error {
  long status;
  Members body;  // with reason, to branch on, request_id, and perhaps refusal.code, refusal.remedy…
  Problem(long status, const Members &body)
      : std::runtime_error(std::to_string(status) + " " + get(body, "reason", "unknown") + ": " +
                           get(body, "detail", get(body, "title"))),
        status(status), body(body) {}
};

static size_t append(char *data, size_t size, size_t n, void *to) {
  static_cast<std::string *>(to)->append(data, size * n);
  return size * n;
}

// Posts a body to the application's part of the API and returns the reply. Trying again is safe:
// what is issued twice is two tokens, and both are good.
static Members call(const std::string &path, const std::string &body) {
  // By default libcurl follows no redirects, and so takes the API key nowhere else.
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  const std::string url = env("USERSIG_URL") + "/v1/apps/" + env("USERSIG_APP") + "/" + path;
  curl_slist *list = curl_slist_append(nullptr, ("Authorization: Bearer " + api_key()).c_str());
  list = curl_slist_append(list, "Content-Type: application/json");
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
  std::string text;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &text);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  for (int attempt = 1;; attempt++) {
    text.clear();
    const CURLcode failed = curl_easy_perform(curl.get());
    if (failed != CURLE_OK) throw std::runtime_error(curl_easy_strerror(failed));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return read_json(text);
    if ((status != 429 && status != 503) || attempt == attempts) {
      Members said;
      try {
        said = read_json(text);
      } catch (const std::invalid_argument &) {  // a proxy's page
      }
      throw Problem(status, said);
    }
    curl_off_t wait = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &wait);
    std::this_thread::sleep_for(std::chrono::seconds(std::clamp<curl_off_t>(wait, 1, 30)));
  }
}
// endregion

// region tokens
// A UserSig for a user who has logged in to the app, good for a day.
static std::string usersig(const std::string &user) {
  return get(call("usersigs", "{\"userid\": " + quote(user) + ", \"ttl\": 86400}"), "usersig");
}

// Lets a user enter one room, listen and watch, for an hour.
static std::string private_map_key(const std::string &user, unsigned long room) {
  return get(call("privatemapkeys", "{\"userid\": " + quote(user) + ", \"room\": {\"id\": " + std::to_string(room) +
                                        "}, \"allow\": \"audience\", \"ttl\": 3600}"),
             "privatemapkey");
}

// The server's verdict: its keys, revocations and blocks, and not the signature alone.
static Members verify(const std::string &token, const std::string &user) {
  return call("verify", "{\"token\": " + quote(token) + ", \"userid\": " + quote(user) + "}");
}
// endregion

// region use
static std::string refusal(const Members &m) {
  return get(m, "refusal.code") + " " + get(m, "refusal.reason") + ": " + get(m, "refusal.message") + "; " +
         get(m, "refusal.remedy");
}

static void run(const std::string &user, unsigned long room) {
  const std::string token = usersig(user);
  std::cout << "usersig " << token << "\n";
  std::cout << "privatemapkey " << private_map_key(user, room) << "\n";
  for (const std::string &claimed : {user, std::string("mallory")}) {
    const Members verdict = verify(token, claimed);
    if (get(verdict, "ok") == "true") {
      std::cout << "good: " << get(verdict, "userid") << " until " << get(verdict, "expires_at") << "\n";
    } else {
      std::cout << "refused: " << refusal(verdict) << "\n";
    }
  }
}

int main(int argc, char **argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  try {
    if (argc != 3 || std::string(argv[2]).find_first_not_of("0123456789") != std::string::npos) {
      throw std::runtime_error("usage: quickstart USERID ROOM");
    }
    run(argv[1], std::stoul(argv[2]));
  } catch (const Problem &problem) {
    std::cerr << problem.what() << " request " << get(problem.body, "request_id") << "\n";
    if (problem.body.count("refusal.reason") != 0) std::cerr << refusal(problem.body) << "\n";
    return 1;
  } catch (const std::exception &e) {
    std::cerr << e.what() << "\n";
    return 1;
  }
}
// endregion

namespace {

class Reader {
 public:
  explicit Reader(const std::string &text) : text_(text) {}

  Members all() {
    value("");
    if (next() != '\0') fail();
    return members_;
  }

 private:
  void value(const std::string &path) {
    const char c = next();
    if (c == '{' || c == '[') return list(c == '{' ? '}' : ']', path);
    if (c == '"') {
      members_[path] = string();
      return;
    }
    const size_t from = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-' ||
                                  text_[at_] == '+' || text_[at_] == '.')) {
      at_++;
    }
    if (at_ == from) fail();
    members_[path] = text_.substr(from, at_ - from);
  }

  void list(char end, const std::string &path) {
    at_++;
    for (int n = 0; next() != end; n++) {
      if (n > 0) expect(',');
      std::string name = std::to_string(n);
      if (end == '}') {
        name = string();
        expect(':');
      }
      value(path.empty() ? name : path + "." + name);
    }
    at_++;
  }

  std::string string() {
    expect('"');
    std::string out;
    for (; at_ < text_.size() && text_[at_] != '"'; at_++) {
      if (text_[at_] != '\\') {
        out += text_[at_];
        continue;
      }
      if (++at_ >= text_.size()) fail();
      const std::string escapes = "nrtbf", plain = "\n\r\t\b\f";
      const size_t i = escapes.find(text_[at_]);
      if (text_[at_] == 'u') {
        utf8(out);
      } else {
        out += i == std::string::npos ? text_[at_] : plain[i];
      }
    }
    expect('"');
    return out;
  }

  // Appends the character of a \u escape. Of a pair of surrogates it makes two; usersigd, which
  // sends UTF-8, has none.
  void utf8(std::string &out) {
    if (at_ + 4 >= text_.size()) fail();
    const unsigned long c = std::stoul(text_.substr(at_ + 1, 4), nullptr, 16);
    at_ += 4;
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xc0 | c >> 6);
      out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
      out += static_cast<char>(0xe0 | c >> 12);
      out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (c & 0x3f));
    }
  }

  char next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) at_++;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void expect(char c) {
    if (next() != c) fail();
    at_++;
  }

  [[noreturn]] static void fail() { throw std::invalid_argument("the reply is no JSON"); }

  const std::string &text_;
  size_t at_ = 0;
  Members members_;
};

}  // namespace

Members read_json(const std::string &text) { return Reader(text).all(); }

std::string quote(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    char escape[8];
    if (static_cast<unsigned char>(c) < ' ' || c == '"' || c == '\\') {
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}
