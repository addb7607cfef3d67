package node

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// Object is one of JSON's.
type Object = map[string]any

// Try sends a request to the API as the operator. An object without a body is nil.
func (n *Node) Try(method, path string, body any) (status int, out Object) {
	n.T.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			n.T.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(n.T.Context(), method, n.Base+path, in)
	if err != nil {
		n.T.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.Token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		n.T.Fatal(err)
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(&out); err != nil && err != io.EOF {
		n.T.Fatal(err)
	}
	return reply.StatusCode, out
}

// Must is Try for what must succeed.
func (n *Node) Must(method, path string, body any) Object {
	n.T.Helper()
	status, out := n.Try(method, path, body)
	if status >= 300 {
		n.T.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

// Lines is a buffer that several goroutines write.
type Lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
