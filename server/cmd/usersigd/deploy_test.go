package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"usersig/server/internal/config"
)

const deploy = "../../../deploy"

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{deploy}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unit returns the settings of a systemd unit, by section and name.
func unit(t *testing.T, name string) map[string][]string {
	t.Helper()
	settings, section := map[string][]string{}, ""
	for line := range strings.Lines(read(t, "systemd", name)) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case !ok || section == "" || strings.ContainsAny(key, " \t"):
			t.Errorf("%s: %q is not a setting", name, line)
		default:
			settings[section+"."+key] = append(settings[section+"."+key], value)
		}
	}
	return settings
}

// TestUnit: the unit starts this program, shuts it in, and waits longer than it drains.
func TestUnit(t *testing.T) {
	u := unit(t, "usersigd.service")
	for key, want := range map[string]string{
		"Type": "notify", "LimitCORE": "0", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "DynamicUser": "yes",
		"StateDirectory": "usersigd", "StateDirectoryMode": "0700", "CapabilityBoundingSet": "", "AmbientCapabilities": "",
		"RestartPreventExitStatus": fmt.Sprint(exitMisuse), "TimeoutStopSec": "60", "LimitNOFILE": "524288",
	} {
		if got := u["Service."+key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if limits := config.Default().Limits; (limits.DrainDelay + limits.DrainTimeout).Seconds() >= 60 {
		t.Error("systemd kills the server before it has drained")
	}
	if !slices.ContainsFunc(u["Service.SystemCallFilter"], func(s string) bool { return s == "@system-service" }) {
		t.Errorf("SystemCallFilter = %q", u["Service.SystemCallFilter"])
	}
	// Without either, the audio/video server cannot start: it reads the machine's addresses and
	// its load.
	if f := u["Service.RestrictAddressFamilies"]; len(f) != 1 || !slices.Contains(strings.Fields(f[0]), "AF_NETLINK") || u["Service.ProcSubset"] != nil {
		t.Errorf("RestrictAddressFamilies = %q, ProcSubset = %q", f, u["Service.ProcSubset"])
	}
	args := strings.Fields(u["Service.ExecStart"][0])
	accepted(t, args[1:])
	if slices.Contains(args, "--init") {
		t.Error("the unit would begin anew if the state were lost")
	}
	drop := unit(t, "postgresql.conf")
	if got := drop["Service.Environment"]; !slices.Equal(got, []string{"USERSIGD_STORE_FILE=%d/store"}) || !strings.HasPrefix(drop["Service.LoadCredential"][0], "store:/") {
		t.Errorf("the drop-in: %v", drop)
	}
	variables(t, read(t, "systemd", "usersigd.service")+read(t, "systemd", "postgresql.conf"))
}

// accepted fails unless the program takes arguments.
func accepted(t *testing.T, args []string) {
	t.Helper()
	root := newRoot(&process{stdout: io.Discard, stderr: io.Discard})
	cmd, rest, err := root.Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("%q: %v", args, err)
	}
}

var aVariable = regexp.MustCompile(`\bUSERSIGD_[A-Z_]+=?`)

// variables fails unless every environment variable in a text is one that the
// configuration has.
func variables(t *testing.T, text string) {
	t.Helper()
	found := aVariable.FindAllString(text, -1)
	if len(found) == 0 {
		t.Error("there are no variables")
	}
	for _, v := range found {
		_, err := config.Load(config.Source{Environ: []string{strings.TrimSuffix(v, "=") + "=true"}})
		if err != nil && strings.Contains(err.Error(), "no such key") {
			t.Errorf("there is no %s", v)
		}
	}
}

// TestUnitForSystemd asks systemd itself, where it is installed. TestUnit needs none.
func TestUnitForSystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed: only our own reading of the unit was checked")
		return
	}
	// It wants the programs to be there.
	text := strings.ReplaceAll(read(t, "systemd", "usersigd.service"), "ExecStart=/usr/bin/usersigd", "ExecStart=/bin/true")
	text = strings.ReplaceAll(text, "ExecReload=/bin/kill", "ExecReload=/bin/true")
	path := filepath.Join(t.TempDir(), "usersigd.service")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", path).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, filepath.Base(path)) {
			t.Errorf("%s", line)
		}
	}
	if err != nil && strings.Contains(string(out), filepath.Base(path)) {
		t.Error(err)
	}
}

// resources returns the documents of the Kubernetes manifests, by kind.
func resources(t *testing.T) map[string]map[string]any {
	t.Helper()
	var k struct {
		Resources []string
	}
	parse(t, read(t, "kubernetes", "kustomization.yaml"), &k)
	all := map[string]map[string]any{}
	for _, name := range k.Resources {
		var doc map[string]any
		parse(t, read(t, "kubernetes", name), &doc)
		all[doc["kind"].(string)] = doc
	}
	return all
}

func parse(t *testing.T, text string, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewBufferString(text))
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		t.Errorf("a second document: %v", err)
	}
}

// at walks into a document: numbers are indexes.
func at(t *testing.T, doc any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			doc = doc.(map[string]any)[s]
		case int:
			doc = doc.([]any)[s]
		}
		if doc == nil {
			t.Fatalf("there is no %v in %v", step, path)
		}
	}
	return doc
}

// nodeConfig returns the configuration of the nodes, as one of them would read it.
func nodeConfig(t *testing.T) *config.Config {
	t.Helper()
	store := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(store, []byte("postgres://usersig@db.example.org/usersig?sslmode=verify-full"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Source{File: filepath.Join(deploy, "kubernetes", "usersigd.yaml"), Flags: func(c *config.Config) { c.StoreFile = store }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestManifests: what the files say about each other is so.
func TestManifests(t *testing.T) {
	all := resources(t)
	for _, kind := range []string{"ServiceAccount", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"} {
		if all[kind] == nil {
			t.Fatalf("there is no %s", kind)
		}
	}
	cfg := nodeConfig(t)
	if cfg.ServesMedia() {
		t.Error("the nodes serve media, and no client reaches their UDP port")
	}
	pod := at(t, all["Deployment"], "spec", "template", "spec")
	container := at(t, pod, "containers", 0)
	for i, listen := range []string{cfg.Listen, cfg.Metrics.Listen} {
		if got := fmt.Sprint(":", at(t, container, "ports", i, "containerPort")); got != listen {
			t.Errorf("port %d is %s, and the configuration listens on %s", i, got, listen)
		}
	}
	for probe, path := range map[string]string{"livenessProbe": "/healthz", "readinessProbe": "/readyz", "startupProbe": "/healthz"} {
		get := at(t, container, probe, "httpGet")
		if at(t, get, "path") != path || at(t, get, "port") != "https" || at(t, get, "scheme") != "HTTPS" {
			t.Errorf("%s asks %v", probe, get)
		}
	}
	if grace := at(t, pod, "terminationGracePeriodSeconds").(int); float64(grace) <= (cfg.Limits.DrainDelay + cfg.Limits.DrainTimeout).Seconds() {
		t.Errorf("pods are killed after %d s, before they have drained", grace)
	}
	if at(t, pod, "enableServiceLinks") != false || at(t, pod, "securityContext", "runAsNonRoot") != true {
		t.Error("the pod has service links, or root")
	}
	for _, c := range append(at(t, pod, "initContainers").([]any), container) {
		s := at(t, c, "securityContext")
		if at(t, s, "allowPrivilegeEscalation") != false || at(t, s, "readOnlyRootFilesystem") != true || at(t, s, "capabilities", "drop", 0) != "ALL" {
			t.Errorf("container %v has too many rights: %v", at(t, c, "name"), s)
		}
		if image := at(t, c, "image").(string); image != "usersigd" && !aVersion.MatchString(image) {
			t.Errorf("image %s may be another one tomorrow", image)
		}
	}
	labels := at(t, all["Deployment"], "spec", "template", "metadata", "labels")
	for name, selector := range map[string]any{
		"Deployment": at(t, all["Deployment"], "spec", "selector", "matchLabels"), "Service": at(t, all["Service"], "spec", "selector"),
		"PodDisruptionBudget": at(t, all["PodDisruptionBudget"], "spec", "selector", "matchLabels"),
		"NetworkPolicy":       at(t, all["NetworkPolicy"], "spec", "podSelector", "matchLabels"),
	} {
		if fmt.Sprint(selector) != fmt.Sprint(labels) {
			t.Errorf("%s selects %v, and pods are %v", name, selector, labels)
		}
	}
	var kustomization map[string]any
	parse(t, read(t, "kubernetes", "kustomization.yaml"), &kustomization)
	if tag := fmt.Sprint(":", at(t, kustomization, "images", 0, "newTag")); !aVersion.MatchString(tag) {
		t.Errorf("usersigd%s may be another one tomorrow", tag)
	}
	var args []string
	for _, a := range at(t, container, "args").([]any) {
		args = append(args, a.(string))
	}
	accepted(t, args)
}

// aVersion is the end of an image's name that always names the same program.
var aVersion = regexp.MustCompile(`:v?\d+\.\d+\.\d+$`)

// TestMounts: every file that the nodes read is in a volume that is mounted there.
func TestMounts(t *testing.T) {
	pod := at(t, resources(t)["Deployment"], "spec", "template", "spec")
	volumes := map[any]bool{}
	for _, v := range at(t, pod, "volumes").([]any) {
		volumes[at(t, v, "name")] = true
	}
	var mounted []string
	for _, m := range at(t, pod, "containers", 0, "volumeMounts").([]any) {
		if !volumes[at(t, m, "name")] {
			t.Errorf("there is no volume %v", at(t, m, "name"))
		}
		mounted = append(mounted, at(t, m, "mountPath").(string))
	}
	var cfg map[string]any
	parse(t, read(t, "kubernetes", "usersigd.yaml"), &cfg)
	kek := at(t, cfg, "kek")
	args := at(t, pod, "containers", 0, "args").([]any)
	for _, path := range []any{at(t, cfg, "tls", "cert"), at(t, cfg, "tls", "key"), at(t, cfg, "store_file"), kek, args[1]} {
		if !slices.Contains(mounted, filepath.Dir(path.(string))) {
			t.Errorf("%s is in none of %q", path, mounted)
		}
	}
	made := at(t, pod, "initContainers", 0, "command").([]any)
	if made[len(made)-1] != kek {
		t.Errorf("the KEK is copied to %v and read from %v", made[len(made)-1], kek)
	}
}

// TestKustomize asks kubectl itself, where it is installed. TestManifests needs none.
func TestKustomize(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Log("kubectl is not installed: only our own reading of the manifests was checked")
		return
	}
	out, err := exec.Command(kubectl, "kustomize", filepath.Join(deploy, "kubernetes")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !regexp.MustCompile(`name: usersigd-[0-9a-z]{10}\n`).Match(out) {
		t.Error("the Deployment does not use the configuration that was made")
	}
}

// TestDockerfile: the image runs this program, as a user who is not root, with a command
// that it takes.
func TestDockerfile(t *testing.T) {
	text := read(t, "docker", "Dockerfile")
	for _, want := range []string{
		"\nUSER 65532:65532\n", "\nENTRYPOINT [\"/usr/bin/usersigd\"]\n", "distroless/static", "CGO_ENABLED=0",
		"./cmd/usersigd\n", "\nFROM ${RUNTIME_IMAGE}\n", fmt.Sprintf("\nEXPOSE 8080 %d/udp\n", config.Default().Media.UDPPort),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
	_, rest, _ := strings.Cut(text, "\nCMD ")
	var args []string
	parse(t, rest, &args)
	accepted(t, args)
	variables(t, text)
}
