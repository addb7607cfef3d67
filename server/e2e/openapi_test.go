package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// schemathesisConfig is what the tool is told beyond what the API says of itself.
//
// Which checks: all there are, but for these.
//
//   - positive_data_acceptance wants every request that its schema allows to succeed. A
//     schema cannot say that a block ends in the future, that a cursor is one we gave, or
//     which settings go together: those are refused with 422, as documented.
//   - negative_data_rejection cannot hold for the route in Tencent's shape, which answers
//     200 whatever happens and says what is wrong in ErrorCode, nor for lists, where a
//     limit that is empty ("?limit=") is taken for none.
//   - ensure_resource_availability cannot hold for deleteOperator, as it is aimed here.
//
// What is sent: mostly what is there (applications, keys, users, tokens, a public key),
// so that more is reached than "there is no such thing". What would end the run's own
// means is aimed elsewhere: at applications that are there to be changed and deleted, and
// at an operator's credential that is not the one in use.
const schemathesisConfig = `
[checks]
positive_data_acceptance.enabled = false

[dictionaries]
apps = { values = [1400000000, 1400000000, 1400000001, 1400000002] }
spare = { values = [1400000003, 1400000004] }
stopped = { values = [1400000005, 1400000006, 1400000007] }
keys = { values = [%s] }
users = { values = ["alice", "bob"] }
tokens = { values = [%s] }
pems = { values = [%s] }
admins = { values = ["admin"] }
adminsigs = { values = [%s] }
sparekeys = { values = [%s] }
apikeys = { values = [%s] }
first = { values = [1400000000] }
future = { values = ["2099-01-01T00:00:00Z"] }
rights = { values = ["all", "audience", "join,receive-audio"] }

[parameters]
"path.sdkappid" = { dictionary = "apps", probability = 0.9 }
"path.kid" = { dictionary = "keys", probability = 0.7 }
"path.userid" = { dictionary = "users", probability = 0.5 }
"body.userid" = { dictionary = "users", probability = 0.7 }
"body.token" = { dictionary = "tokens", probability = 0.7 }
"body.public_key" = { dictionary = "pems", probability = 0.7 }
"body.until" = { dictionary = "future", probability = 0.7 }
"body.expires_at" = { dictionary = "future", probability = 0.7 }
"body.allow" = { dictionary = "rights", probability = 0.7 }
"body.items[*].allow" = { dictionary = "rights", probability = 0.7 }
"body.items[*].userid" = { dictionary = "users", probability = 0.9 }
"body.Identifier" = { dictionary = "users", probability = 0.7 }
"query.sdkappid" = { dictionary = "apps", probability = 0.9 }
"query.identifier" = { dictionary = "admins", probability = 0.9 }
"query.usersig" = { dictionary = "adminsigs", probability = 0.9 }

[[operations]]
include-operation-id = "updateApp"
[operations.parameters]
"path.sdkappid" = { dictionary = "spare", probability = 0.9 }

[[operations]]
include-operation-id = "killKey"
[operations.parameters]
"path.sdkappid" = { dictionary = "spare", probability = 0.9 }
"path.kid" = { dictionary = "sparekeys", probability = 0.9 }

[[operations]]
include-operation-id = "deleteAPIKey"
[operations.parameters]
"path.sdkappid" = { dictionary = "first", probability = 0.9 }
"path.id" = { dictionary = "apikeys", probability = 0.7 }

[[operations]]
include-operation-id = "deleteApp"
[operations.parameters]
"path.sdkappid" = { dictionary = "stopped", probability = 1.0 }

[[operations]]
include-operation-id = "deleteOperator"
parameters = { id = %q }
[operations.checks]
ensure_resource_availability.enabled = false

[[operations]]
include-operation-id = ["kick", "listApps", "listKeys", "listAPIKeys", "listAudit", "listOperators", "listAllAudit"]
[operations.checks]
negative_data_rejection.enabled = false
`

// TestOpenAPI drives the API from its own description by a tool that knows nothing else
// of it. There is no 5xx and no reply that the description does not allow.
func TestOpenAPI(t *testing.T) {
	t.Parallel() // with the other test whose figures are not times
	tool, err := installSchemathesis()
	if err != nil {
		t.Fatal(err)
	}
	n := made(t, unlimited)
	d := n.start()
	c := d.client(n.operator())
	config := filepath.Join(t.TempDir(), "schemathesis.toml")
	if err := os.WriteFile(config, []byte(prepareForStrangers(t, c)), 0o600); err != nil {
		t.Fatal(err)
	}
	// Bounded by the number of requests and not by time, so that a busy machine does not
	// reach less than an idle one.
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, tool, "--config-file", config, "run", d.base+"/openapi.json",
		"--header", "Authorization: Bearer "+n.operator(), "--generation-deterministic", "--max-examples", "25", "--workers", "2",
		"--continue-on-failure", "--no-color")
	run.Dir = t.TempDir()
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis: %v\n%s", err, out)
	}
	if c.send(t, "GET", "/v1/me", nil).status != 200 {
		t.Error("the operator's credential was ended on the way: what came after tested nothing")
	}
	checkReach(t, string(out), n)
}

// prepareForStrangers makes what the configuration names and returns it.
func prepareForStrangers(t *testing.T, c *client) string {
	t.Helper()
	const longest = 1576800000 // as the schema has it, so that any ttl it allows is good
	first := c.hosted(t, object{"admins": []string{"admin"}, "max_ttl": longest})
	c.hosted(t, object{"scheme": "hmac", "user_ids": "any", "max_ttl": longest})
	c.must(t, "POST", "/v1/apps", object{"name": "own key"})
	c.hosted(t, nil)
	c.hosted(t, object{"curve": "secp256k1"})
	var keys, pems, apiKeys []string
	for app := 1400000000; app <= 1400000004; app++ {
		list := c.must(t, "GET", fmt.Sprintf("/v1/apps/%d/keys", app), nil)
		key := list["keys"].([]any)[0].(object)
		keys = append(keys, strconv.Quote(key["key_id"].(string)))
		if pem, ok := key["public_key"].(string); ok {
			pems = append(pems, strconv.Quote(pem))
		}
	}
	for range 3 {
		c.must(t, "PATCH", c.hosted(t, nil), object{"state": "stopped"})
		made := c.must(t, "POST", first+"/apikeys", object{"name": "spare", "scopes": []string{"read"}})
		apiKeys = append(apiKeys, strconv.Quote(made["apikey"].(object)["id"].(string)))
	}
	token := strconv.Quote(c.issue(t, first, "alice"))
	admin := strconv.Quote(c.issue(t, first, "admin"))
	spare := c.must(t, "POST", "/v1/operators", object{"name": "spare"})["apikey"].(object)["id"].(string)
	list := func(values []string) string { return strings.Join(values, ", ") }
	return fmt.Sprintf(schemathesisConfig, list(keys), token, list(pems), admin, list(keys[3:]), list(apiKeys), spare)
}

var testedOf = regexp.MustCompile(`Selected: (\d+)/(\d+)\s+Tested: (\d+)`)

// reached is what the tool must have got done at least once. Were it refused every time,
// the replies that matter most would not have been looked at.
var reached = []string{
	"app.create", "app.update", "app.delete", "key.rotate", "key.kill", "key.import",
	"usersig.issue", "privatemapkey.issue", "democonfig.issue",
	"user.revoke", "user.block", "user.unblock", "apikey.create", "apikey.delete",
}

// checkReach makes sure that the tool has done something: it tried all operations, and
// every kind of act has succeeded.
func checkReach(t *testing.T, out string, n *node) {
	t.Helper()
	if m := testedOf.FindStringSubmatch(out); m == nil || m[1] != m[2] || m[1] != m[3] {
		t.Errorf("not every operation was tested: %q", m)
	}
	done := make(map[string]int)
	for _, e := range n.audit() {
		if e.Outcome == "done" && e.Caller != "init" {
			done[e.Action]++
		}
	}
	for _, action := range reached {
		if done[action] == 0 {
			t.Errorf("%s was never done", action)
		}
	}
	t.Logf("done: %v", done)
	_, summary, _ := strings.Cut(out, "Test cases:")
	t.Logf("Test cases:%s", summary)
}
