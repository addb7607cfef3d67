package gate

// Expelled counts a user whom an engine put out of a room by itself, for what they did there:
// the gate watches over credentials and does not know.
func (g *Gate) Expelled(reason string) { g.evicted(reason) }
