package inflate

// A Fault says why a stream was refused. It is an error that holds nothing of the stream.
type Fault uint8

// The faults. The first that is met decides.
const (
	_          Fault = iota
	Header           // not the two bytes that begin a zlib stream
	Dictionary       // a preset dictionary is asked for
	Truncated        // the stream ends early
	Corrupt          // a block type, length, code or distance that cannot be
	TooLong          // more text than the caller has room for
	Checksum         // the Adler-32 is not that of the text
	Trailing         // bytes follow a stream that is otherwise good
)

var faults = [...]string{
	Header:     "not a zlib stream",
	Dictionary: "zlib stream needs a preset dictionary",
	Truncated:  "zlib stream ends early",
	Corrupt:    "compressed data is damaged",
	TooLong:    "inflates to more than the limit",
	Checksum:   "zlib checksum does not match",
	Trailing:   "bytes follow the zlib stream",
}

// Error returns a short lower-case description.
func (f Fault) Error() string { return faults[f] }
