//go:build !linux

package custody

// Harden makes it harder to find keys outside the memory of this process. It returns
// what it could not do, which on this system is everything.
func Harden() (notes []string) {
	return []string{"core dumps, tracing and swapping of memory are as the system sets them: not controlled here"}
}
