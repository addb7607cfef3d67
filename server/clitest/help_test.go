package clitest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What stands in the help for the server and for what is on it.
const (
	exampleServer = "https://usersig.example.com"
	exampleID     = "0123456789abcdef"
)

// manual is what usersig COMMAND --help --json prints, as far as it matters here.
type manual struct {
	Command  string   `json:"command"`
	Example  string   `json:"example"`
	Commands []string `json:"commands"`
}

// TestHelp runs the examples of every command that asks a server, line by line as
// somebody would who copies them, in an empty folder and with a server where application
// 1400000000 was just made. The other commands' examples are run where the command is.
func TestHelp(t *testing.T) {
	ran := 0
	var visit func(path ...string)
	visit = func(path ...string) {
		m := help(t, path)
		for _, name := range m.Commands {
			visit(append(append([]string{}, path...), name)...)
		}
		if len(m.Commands) == 0 && strings.Contains(m.Example, exampleServer) {
			ran++
			t.Run(strings.Join(path, " "), func(t *testing.T) { runHelp(t, m) })
		}
	}
	visit()
	if ran < 30 {
		t.Errorf("only %d commands ask a server", ran)
	}
}

func help(t *testing.T, path []string) (m manual) {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "usersig"), append(append([]string{}, path...), "--help", "--json")...).Output()
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil {
		t.Fatalf("usersig %s --help --json: %v\n%s", strings.Join(path, " "), err, out)
	}
	return m
}

// mediaFor switches the audio/video server on for the commands that need it.
func mediaFor(m manual) string {
	if strings.HasPrefix(m.Command, "usersig room") {
		return "USERSIGD_MEDIA_ENABLED=on"
	}
	return "USERSIGD_MEDIA_ENABLED=off"
}

func runHelp(t *testing.T, m manual) {
	dir := t.TempDir()
	url, err := start(dir, "data", t.Cleanup, mediaFor(m))
	if err != nil {
		t.Fatal(err)
	}
	shell := func(line string) string {
		cmd := exec.Command("bash", "-o", "pipefail", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "LANG=C")
		out, err := cmd.CombinedOutput()
		if want := strings.Contains(line, "# exit status 1"); (err != nil) != want || strings.Contains(string(out), "warning:") {
			t.Fatalf("%s\n%v\n%s", line, err, out)
		}
		return string(out)
	}
	who := " --server " + url + " --token operator.token --app 1400000000"
	shell("usersig app create --server " + url + " --token operator.token --name demo --custody hosted")
	shell("usersig apikey create" + who + " --name b --scope issue,verify,revoke,read --out api.key")
	// An ID in an example is one that there is.
	id := regexp.MustCompile(`[0-9a-f]{16}`).FindString(shell("usersig key list" + who))
	of := ""
	switch {
	case strings.HasPrefix(m.Command, "usersig apikey"):
		of = shell("usersig apikey list" + who)
	case strings.HasPrefix(m.Command, "usersig operator"):
		operator := " --server " + url + " --token operator.token"
		shell("usersig operator create" + operator + " --name b --out b.token")
		of = shell("usersig operator list" + operator)
	}
	if of != "" {
		id = regexp.MustCompile(`(?m)^([0-9a-z]+) +b `).FindStringSubmatch(of)[1]
	}
	if strings.HasPrefix(m.Command, "usersig room") {
		shell("usersig sign" + who + " --user alice > alice.sig")
		for _, room := range []string{"--room 1001", "--room-name lobby"} {
			c, err := enter(url, shell("usersig credential "+room+" < alice.sig"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.conn.Close() })
		}
	}
	for line := range strings.Lines(strings.ReplaceAll(m.Example, "\\\n", "")) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			shell(strings.NewReplacer(exampleServer, url, exampleID, id).Replace(line))
		}
	}
}
