// Package telemetry is how the server is observed: its log, its metrics and its traces.
//
// None of them ever holds a token or a key. What clients choose, such as a user ID, is
// not in metrics and traces either: it would make them endless, and tell people who may
// see a graph what they may not know.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
)

// NewLogger returns a logger that writes lines of format, "text" or "json", to w. The
// level can be changed while it is in use.
func NewLogger(w io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// SetLevel sets level to the one that name means: debug, info, warn or error.
func SetLevel(level *slog.LevelVar, name string) error {
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return fmt.Errorf("set log level: %w", err)
	}
	return nil
}
