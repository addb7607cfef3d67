package wire

// Error says why a token cannot be read. It never holds anything the token said.
type Error struct {
	Fault Fault
	Field string // the field's name in the format, or empty
}

// Error returns a short lower-case description.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Fault.String()
	}
	return e.Field + " " + e.Fault.String()
}

// Fault is a way in which a token can be malformed.
type Fault uint8

// The faults, in the order of the layers they belong to.
const (
	_ Fault = iota
	TooLong
	WhiteSpace
	Alphabet
	MixedAlphabets
	NoPadding
	Base64
	ZlibHeader
	ZlibTruncated
	ZlibCorrupt
	ZlibTooLong
	ZlibChecksum
	ZlibTrailing
	NotObject
	JSONSyntax
	JSONTrailing
	JSONText
	JSONDuplicate
	JSONCase
	JSONSize
	JSONName
	FieldMissing
	FieldType
	FieldInteger
	FieldRange
	FieldControl
	FieldLength
	FieldVersion
	InnerBase64
	numFaults
)

// Layer is the part of the format that a fault is in.
type Layer uint8

// The layers, from the outside in.
const (
	_ Layer = iota
	LayerText
	LayerBase64
	LayerZlib
	LayerJSON
	LayerField
	LayerInner
)

// String returns the layer's name as messages give it.
func (l Layer) String() string {
	return [...]string{"", "alphabet", "base64", "zlib", "JSON", "field", "inner base64"}[l]
}

var faults = [numFaults]struct {
	layer Layer
	text  string
}{
	TooLong:        {LayerText, "longer than 8192 characters"},
	WhiteSpace:     {LayerText, "white space or a line break inside the token"},
	Alphabet:       {LayerText, "a character that no UserSig contains"},
	MixedAlphabets: {LayerText, "characters of two base64 alphabets at once"},
	NoPadding:      {LayerBase64, "length is not a multiple of four, as when the end is cut off"},
	Base64:         {LayerBase64, "padding or last character is wrong"},
	ZlibHeader:     {LayerZlib, "not a zlib stream"},
	ZlibTruncated:  {LayerZlib, "stream ends early"},
	ZlibCorrupt:    {LayerZlib, "compressed data is damaged"},
	ZlibTooLong:    {LayerZlib, "inflates to more than 8192 bytes"},
	ZlibChecksum:   {LayerZlib, "checksum does not match"},
	ZlibTrailing:   {LayerZlib, "bytes follow the stream"},
	NotObject:      {LayerJSON, "not a JSON object"},
	JSONSyntax:     {LayerJSON, "syntax error"},
	JSONTrailing:   {LayerJSON, "text follows the object"},
	JSONText:       {LayerJSON, "text is not valid UTF-8"},
	JSONDuplicate:  {LayerJSON, "a field occurs twice"},
	JSONCase:       {LayerJSON, "a field's name is in the wrong case"},
	JSONSize:       {LayerJSON, "too many fields or too deeply nested"},
	JSONName:       {LayerJSON, "a field's name holds a control character"},
	FieldMissing:   {LayerField, "is missing"},
	FieldType:      {LayerField, "has the wrong JSON type"},
	FieldInteger:   {LayerField, "is not a plain decimal whole number"},
	FieldRange:     {LayerField, "is out of range"},
	FieldControl:   {LayerField, "holds a control character"},
	FieldLength:    {LayerField, "is empty or too long"},
	FieldVersion:   {LayerField, "is not \"2.0\""},
	InnerBase64:    {LayerInner, "is not strict base64"},
}

// Layer returns the layer that f is in.
func (f Fault) Layer() Layer { return faults[f].layer }

// String returns a short description of f, to follow a field's name if there is one.
func (f Fault) String() string { return faults[f].text }

// Faults returns every fault, for tables that must cover them all.
func Faults() []Fault {
	all := make([]Fault, 0, numFaults-1)
	for f := TooLong; f < numFaults; f++ {
		all = append(all, f)
	}
	return all
}

func fault(f Fault) error                       { return &Error{Fault: f} }
func fieldFault(f Fault, field fieldName) error { return &Error{Fault: f, Field: names[field]} }
