package row_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// fill gives every time in v a value in zone, however deep it lies, so that a field that
// is added to a record later is looked at too. It returns how many there are.
func fill(v reflect.Value, at time.Time) (n int) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(at))
		return 1
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), at)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fill(v.Index(0), at)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n += fill(v.Field(i), at)
			}
		}
	}
	return n
}

func TestEveryTimeOfARecordIsUTC(t *testing.T) {
	// An offset with seconds, which JSON cannot write.
	at := time.Date(1900, 1, 1, 0, 0, 0, 1, time.FixedZone("LMT", 8*3600+343))
	var local, utc issuer.Record
	if n := fill(reflect.ValueOf(&local).Elem(), at); n < 8 {
		t.Fatalf("only %d times were found", n)
	}
	fill(reflect.ValueOf(&utc).Elem(), at.UTC())
	text, err := row.EncodeRecord(&local)
	if err != nil {
		t.Fatal(err)
	}
	got, err := row.DecodeRecord(text)
	if err != nil || !reflect.DeepEqual(got, &utc) {
		t.Errorf("DecodeRecord = %+v, %v, want %+v", got, err, utc)
	}
	if local.Keys[0].RetireAt.Location() == time.UTC {
		t.Error("the caller's record was changed")
	}
}

func TestEncodeFails(t *testing.T) {
	late := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if text, err := row.EncodeUser(issuer.User{BlockedUntil: late}); err == nil || text != "" {
		t.Errorf("EncodeUser = %q, %v, want an error alone", text, err)
	}
	if text, err := row.EncodeRecord(&issuer.Record{App: issuer.App{CreatedAt: late}}); err == nil || text != "" {
		t.Errorf("EncodeRecord = %q, %v, want an error alone", text, err)
	}
	if b, err := row.Start.Append([]*audit.Entry{{At: late}}); err == nil || b != nil {
		t.Errorf("Append = %v, %v, want an error alone", b, err)
	}
}

func TestDecodeFails(t *testing.T) {
	if r, err := row.DecodeRecord("{"); err == nil || r != nil {
		t.Errorf("DecodeRecord = %v, %v, want an error alone", r, err)
	}
	if u, err := row.DecodeUser(`{"revoked_to":"x"}`); err == nil || u != (issuer.User{}) {
		t.Errorf("DecodeUser = %v, %v, want an error alone", u, err)
	}
	b := row.Block{First: 1, Lines: "{}\nnonsense\n"}
	if list, err := b.Entries(); !errors.Is(err, audit.ErrBroken) || list != nil {
		t.Errorf("Entries = %v, %v, want ErrBroken alone", list, err)
	}
}

func TestBlock(t *testing.T) {
	entries := []*audit.Entry{{App: 7, Subject: "\xff"}, {App: 0}, {App: 8}, {App: 7}}
	b, err := row.Head{Seq: 10, Hash: "before"}.Append(entries)
	if err != nil {
		t.Fatal(err)
	}
	if b.First != 11 || b.Head.Seq != 14 || fmt.Sprint(b.Apps) != "[7 8]" {
		t.Errorf("the block begins with %d, ends with %d and is about %v", b.First, b.Head.Seq, b.Apps)
	}
	if entries[0].Seq != 0 || entries[0].Subject != "\xff" {
		t.Errorf("the caller's entry is %+v before the block is stored", entries[0])
	}
	b.Tell(entries)
	list, err := b.Entries()
	if err != nil || len(list) != len(entries) {
		t.Fatalf("Entries = %v, %v", list, err)
	}
	for i := range list {
		if list[i] != *entries[i] {
			t.Errorf("entry %d is %+v, and was told as %+v", i, list[i], *entries[i])
		}
	}
	if list[3].Hash != b.Head.Hash {
		t.Errorf("the head is %q, the last entry has %q", b.Head.Hash, list[3].Hash)
	}
}

// TestFollow: of all text, only what is linked to the head is in the log.
func TestFollow(t *testing.T) {
	head := row.Head{Seq: 10, Hash: "before"}
	b, err := head.Append([]*audit.Entry{{App: 7}, {App: 0, Subject: "小明"}, {App: 8, Detail: "<&>"}})
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(b.Lines, "\n")
	first += "\n"
	for _, c := range []struct {
		name, text  string
		start, ends int64
	}{
		{"nothing", "", 0, 10},
		{"all of it", b.Lines, 0, 13},
		{"its first line", first, 0, 11},
		{"no first line", rest, 0, 10},
		{"no line's end", strings.TrimSuffix(first, "\n"), 0, 10},
		{"after something else", "x\n{}\n" + b.Lines, 5, 13},
		{"before something else", b.Lines + "x\n" + b.Lines, 0, 13},
		{"interrupted", first + "x\n" + rest, 0, 11},
		{"changed", strings.Replace(b.Lines, "小明", "小红", 1), 0, 11},
		{"spelt in another way", strings.Replace(b.Lines, "小明", `\u5c0f明`, 1), 0, 11},
	} {
		got, start := head.Follow(c.text)
		if got.First != 11 || got.Head.Seq != c.ends || int64(start) != c.start {
			t.Errorf("%s: from %d at %d to %d, want from 11 at %d to %d", c.name, got.First, start, got.Head.Seq, c.start, c.ends)
		}
		if n := int64(strings.Count(got.Lines, "\n")); n != c.ends-10 || !strings.HasPrefix(c.text[start:], got.Lines) {
			t.Errorf("%s: %d lines, want %d of the text", c.name, n, c.ends-10)
		}
	}
	if got, _ := head.Follow(b.Lines); got.Head != b.Head || fmt.Sprint(got.Apps) != "[7 8]" {
		t.Errorf("the block ends with %v and is about %v, want %v and [7 8]", got.Head, got.Apps, b.Head)
	}
	if got, _ := (row.Head{Seq: 10, Hash: "other"}).Follow(b.Lines); got.Lines != "" {
		t.Errorf("lines of another log are taken: %q", got.Lines)
	}
}

// blocks is a log that can lie about the numbers in its entries.
type blocks []row.Block

func (l blocks) Start(seq int64) (first int64, err error) {
	for _, b := range l {
		if b.First <= seq {
			first = b.First
		}
	}
	return first, nil
}

func (l blocks) Blocks(_ uint32, from int64, n int) (list []row.Block, err error) {
	for _, b := range l {
		if b.First >= from && len(list) < n {
			list = append(list, b)
		}
	}
	return list, nil
}

func TestPageEndsWhateverEntriesSay(t *testing.T) {
	first, err := row.Start.Append([]*audit.Entry{{}})
	if err != nil {
		t.Fatal(err)
	}
	var log blocks
	for i := range int64(100) {
		log = append(log, row.Block{First: i + 1, Lines: first.Lines})
	}
	list, err := row.Page(log, 0, 1, 50)
	if err != nil || len(list) != 0 {
		t.Errorf("Page = %d entries, %v, want none: all say that they come before", len(list), err)
	}
	if list, err := row.Page(log, 0, 0, 1000); err != nil || len(list) != 100 {
		t.Errorf("Page = %d entries, %v, want 100", len(list), err)
	}
}

func TestCheckText(t *testing.T) {
	for text, want := range map[string]bool{"": true, "小明": true, "a\x00": false, "\xff": false, strings.Repeat("x", 1e6): true} {
		if err := row.CheckText("text", text); (err == nil) != want || err != nil && !errors.Is(err, issuer.ErrInvalid) {
			t.Errorf("CheckText(%.10q) = %v", text, err)
		}
	}
}
