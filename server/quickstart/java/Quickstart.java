// Asks usersigd for a UserSig and a PrivateMapKey, and checks a token.
//
// java Quickstart.java USERID ROOM, with Java 17 or later and nothing else.

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class Quickstart {
    // region call
    static final String API = System.getenv("USERSIG_URL") + "/v1/apps/" + System.getenv("USERSIG_APP") + "/";
    static final int ATTEMPTS = 4;

    /** usersigd did not do what it was asked, and says why. */
    static class Problem extends Exception {
        final int status;
        final String reason; // to branch on
        final Map<String, String> body; // with request_id, and perhaps refusal.code, refusal.remedy…

        Problem(int status, Map<String, String> body) {
            super(status + " " + body.getOrDefault("reason", "unknown") + ": "
                    + body.getOrDefault("detail", body.getOrDefault("title", "")));
            this.status = status;
            this.reason = body.getOrDefault("reason", "unknown");
            this.body = body;
        }
    }

    // It follows no redirects, and so takes the API key nowhere else.
    final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    final String apiKey;

    Quickstart(Path apiKeyFile) throws IOException {
        apiKey = Files.readString(apiKeyFile).strip();
    }

    /**
     * Posts a body to the application's part of the API and returns the reply. Trying again is
     * safe: what is issued twice is two tokens, and both are good.
     */
    Map<String, String> call(String path, String body) throws IOException, InterruptedException, Problem {
        HttpRequest request = HttpRequest.newBuilder(URI.create(API + path))
                .header("Authorization", "Bearer " + apiKey)
                .header("Content-Type", "application/json")
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        for (int attempt = 1;; attempt++) {
            HttpResponse<String> reply = http.send(request, HttpResponse.BodyHandlers.ofString());
            int status = reply.statusCode();
            if (status == 200) {
                return Json.read(reply.body());
            }
            if (status != 429 && status != 503 || attempt == ATTEMPTS) {
                throw new Problem(status, Json.readIfAny(reply.body()));
            }
            String wait = reply.headers().firstValue("Retry-After").orElse("1");
            Thread.sleep(1000L * (wait.matches("\\d{1,6}") ? Math.min(Integer.parseInt(wait), 30) : 1));
        }
    }
    // endregion

    // region tokens
    /** A UserSig for a user who has logged in to the app, good for a day. */
    String userSig(String user) throws IOException, InterruptedException, Problem {
        return call("usersigs", "{\"userid\": " + Json.quote(user) + ", \"ttl\": 86400}").get("usersig");
    }

    /** Lets a user enter one room, listen and watch, for an hour. */
    String privateMapKey(String user, long room) throws IOException, InterruptedException, Problem {
        return call("privatemapkeys", "{\"userid\": " + Json.quote(user) + ", \"room\": {\"id\": " + room
                + "}, \"allow\": \"audience\", \"ttl\": 3600}").get("privatemapkey");
    }

    /** The server's verdict: its keys, revocations and blocks, and not the signature alone. */
    Map<String, String> verify(String token, String user) throws IOException, InterruptedException, Problem {
        return call("verify", "{\"token\": " + Json.quote(token) + ", \"userid\": " + Json.quote(user) + "}");
    }
    // endregion

    // region use
    void run(String user, long room) throws IOException, InterruptedException, Problem {
        String token = userSig(user);
        System.out.println("usersig " + token);
        System.out.println("privatemapkey " + privateMapKey(user, room));
        for (String claimed : List.of(user, "mallory")) {
            Map<String, String> verdict = verify(token, claimed);
            if (verdict.get("ok").equals("true")) {
                System.out.println("good: " + verdict.get("userid") + " until " + verdict.get("expires_at"));
            } else {
                System.out.println("refused: " + refusal(verdict));
            }
        }
    }

    static String refusal(Map<String, String> body) {
        return body.get("refusal.code") + " " + body.get("refusal.reason") + ": "
                + body.get("refusal.message") + "; " + body.get("refusal.remedy");
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        String keyFile = System.getenv("USERSIG_API_KEY_FILE");
        if (args.length != 2 || !args[1].matches("\\d{1,10}") || keyFile == null) {
            System.err.println("usage: java Quickstart.java USERID ROOM, with USERSIG_API_KEY_FILE set");
            System.exit(1);
        }
        try {
            new Quickstart(Path.of(keyFile)).run(args[0], Long.parseLong(args[1]));
        } catch (Problem problem) {
            System.err.println(problem.getMessage() + " request " + problem.body.get("request_id"));
            if (problem.body.containsKey("refusal.reason")) {
                System.err.println(refusal(problem.body));
            }
            System.exit(1);
        }
    }
    // endregion

    /** Reads JSON, which Java's library does not: members by their path, such as refusal.code. */
    static class Json {
        private final String text;
        private final Map<String, String> members = new HashMap<>();
        private int at;

        private Json(String text) {
            this.text = text;
        }

        static Map<String, String> read(String text) {
            Json json = new Json(text);
            json.value("");
            if (json.next() != '\0') {
                throw json.error();
            }
            return json.members;
        }

        /** Returns nothing for what is no JSON, such as a proxy's page. */
        static Map<String, String> readIfAny(String text) {
            try {
                return read(text);
            } catch (IllegalArgumentException e) {
                return Map.of();
            }
        }

        static String quote(String text) {
            StringBuilder out = new StringBuilder("\"");
            for (char c : text.toCharArray()) {
                if (c < ' ' || c == '"' || c == '\\') {
                    out.append(String.format("\\u%04x", (int) c));
                } else {
                    out.append(c);
                }
            }
            return out.append('"').toString();
        }

        private void value(String path) {
            switch (next()) {
                case '{' -> list('}', path);
                case '[' -> list(']', path);
                case '"' -> members.put(path, string());
                default -> {
                    int from = at;
                    while (at < text.length() && "+-.".indexOf(text.charAt(at)) >= 0
                            || at < text.length() && Character.isLetterOrDigit(text.charAt(at))) {
                        at++;
                    }
                    if (at == from) {
                        throw error();
                    }
                    members.put(path, text.substring(from, at));
                }
            }
        }

        private void list(char end, String path) {
            at++;
            for (int n = 0; next() != end; n++) {
                if (n > 0) {
                    expect(',');
                    next();
                }
                String name = String.valueOf(n);
                if (end == '}') {
                    name = string();
                    expect(':');
                }
                value(path.isEmpty() ? name : path + "." + name);
            }
            at++;
        }

        private String string() {
            expect('"');
            StringBuilder out = new StringBuilder();
            for (; at < text.length() && text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c == '\\' && at + 1 < text.length()) {
                    c = text.charAt(++at);
                    int i = "nrtbf".indexOf(c);
                    if (i >= 0) {
                        c = "\n\r\t\b\f".charAt(i);
                    } else if (c == 'u' && at + 4 < text.length()) {
                        c = (char) Integer.parseInt(text.substring(at + 1, at + 5), 16);
                        at += 4;
                    }
                }
                out.append(c);
            }
            expect('"');
            return out.toString();
        }

        private char next() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            return at < text.length() ? text.charAt(at) : '\0';
        }

        private void expect(char c) {
            if (next() != c) {
                throw error();
            }
            at++;
        }

        private IllegalArgumentException error() {
            return new IllegalArgumentException("no JSON at character " + at);
        }
    }
}
