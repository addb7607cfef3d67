package media

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/iotest"

	"golang.org/x/time/rate"
)

// wsFrame is a frame of a client.
func wsFrame(head byte, size int) []byte {
	f := []byte{head}
	switch {
	case size < 126:
		f = append(f, 0x80|byte(size))
	case size < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(size))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(size))
	}
	return append(f, make([]byte, 4+size)...) // a mask of zeros
}

const (
	final, text, continued, ping = 0x80, 0x01, 0x00, 0x09
)

type readConn struct {
	net.Conn
	io.Reader
}

func (c readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func readAll(r io.Reader) error {
	b := &boundedConn{Conn: readConn{Reader: r}, bytes: rate.NewLimiter(bytesPerSecond, burstBytes), messages: rate.NewLimiter(perSecond, burstMessages)}
	_, err := io.Copy(io.Discard, b)
	return err
}

func TestBounded(t *testing.T) {
	for _, one := range []struct {
		name   string
		frames []byte
		want   error
	}{
		{"small", wsFrame(final|text, 5), nil},
		{"of every length", slicesOf(wsFrame(final|text, 0), wsFrame(final|text, 125), wsFrame(final|text, 126), wsFrame(final|text, 65535), wsFrame(final|text, 65536)), nil},
		{"the largest", wsFrame(final|text, mostMessage), nil},
		{"too large", wsFrame(final|text, mostMessage+1)[:14], errTooMuch},
		{"a size that overflows", []byte{final | text, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, errTooMuch},
		{"too large in parts", slicesOf(wsFrame(text, mostMessage-1), wsFrame(continued, 1), wsFrame(final|continued, 1)), errTooMuch},
		{"parts of two messages", slicesOf(wsFrame(text, mostMessage-1), wsFrame(final|continued, 1), wsFrame(final|text, mostMessage)), nil},
		{"a ping between parts", slicesOf(wsFrame(text, mostMessage-1), wsFrame(final|ping, 100), wsFrame(final|continued, 1)), nil},
		{"too many", bytes.Repeat(wsFrame(final|text, 0), burstMessages+100), errTooMuch},
		{"too much", bytes.Repeat(wsFrame(final|text, 500<<10), 5), errTooMuch},
	} {
		if err := readAll(bytes.NewReader(one.frames)); err != one.want {
			t.Errorf("%s: %v", one.name, err)
		}
		if len(one.frames) < 1<<20 {
			if err := readAll(iotest.OneByteReader(bytes.NewReader(one.frames))); err != one.want {
				t.Errorf("%s, byte by byte: %v", one.name, err)
			}
		}
	}
}

func slicesOf(all ...[]byte) []byte { return bytes.Join(all, nil) }
