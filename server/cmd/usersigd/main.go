// Command usersigd is the server: applications, keys, and the API that issues and
// verifies UserSigs for them.
//
// Its configuration file is explained by `usersigd print-config --default`, which is
// made from the type Config of package config.
package main

//go:generate go test . -run ^TestManPages$ -count=1 -update

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	end, hangup := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		<-end
		cancel()
		<-end // somebody does not want to wait
		os.Exit(exitCannot)
	}()
	os.Exit(run(ctx, os.Args[1:], &process{
		stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), hangup: hangup,
	}))
}

// process is what a command has of the process around it.
type process struct {
	stdout, stderr io.Writer
	environ        []string
	hangup         <-chan os.Signal
}

// run is the whole program. It returns the exit status; only main ends the process.
func run(ctx context.Context, args []string, p *process) int {
	root := newRoot(p)
	root.SetArgs(args)
	return p.finish(root.ExecuteContext(ctx))
}
