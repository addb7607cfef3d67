package issuer

// KnownUsers returns of how many users of an application something is in memory.
func (s *Service) KnownUsers(app uint32) (n int) {
	s.ring.Load().apps[app].users.Range(func(any, any) bool {
		n++
		return true
	})
	return n
}
