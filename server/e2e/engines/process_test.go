package engines

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a program that runs until the test ends, or by itself.
type process struct {
	name string
	out  *lines
	done chan struct{} // closed when it has ended
	err  error         // then: how
}

// start starts a program. What it wrote is shown if the test fails.
func (w *world) start(name string, args ...string) *process {
	w.t.Helper()
	p := &process{name: name, out: &lines{}, done: make(chan struct{})}
	c := exec.CommandContext(w.t.Context(), name, args...)
	c.Stdout, c.Stderr = p.out, p.out
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 5 * time.Second
	w.ok(c.Start())
	go func() {
		p.err = c.Wait()
		close(p.done)
	}()
	w.t.Cleanup(func() { // after the context of the test has ended
		<-p.done
		if w.t.Failed() {
			w.t.Logf("%s wrote:\n%s", name, p.out)
		}
	})
	return p
}

// ended waits until a program has ended, and returns how.
func (w *world) ended(p *process) error {
	w.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		w.t.Fatalf("%s has not ended within %v", p.name, patience)
	}
	return p.err
}

// runs reports whether a program has not ended.
func (p *process) runs() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// listens waits until a server answers at an address by TCP.
func (w *world) listens(p *process, addr string) {
	w.t.Helper()
	w.until(p.name+" listens", func() bool {
		if !p.runs() {
			w.t.Fatalf("%s has ended: %v", p.name, p.err)
		}
		c, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// publish sends a test picture to a URL until it is stopped, by ffmpeg.
func (w *world) publish(format, url string) *process {
	w.t.Helper()
	args := []string{
		"-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-f", format,
	}
	if format == "rtsp" {
		args = append(args, "-rtsp_transport", "tcp")
	}
	return w.start("ffmpeg", append(args, url)...)
}

// play receives some frames from a URL, by ffmpeg.
func (w *world) play(url string) error {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-loglevel", "error", "-analyzeduration", "500000", "-i", url, "-frames:v", "5", "-f", "null", "-").CombinedOutput()
	if err != nil {
		return errors.New(string(out) + err.Error())
	}
	return nil
}

// lines is a buffer that several goroutines write.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
