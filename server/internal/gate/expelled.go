package gate

// Lied is the reason, other than a refusal's name, for which users have to leave: what they
// sent was not what they had said it was.
const Lied = "lied"

// Expelled counts a user whom an engine put out of a room by itself, for what they did there:
// the gate watches over credentials and does not know.
func (g *Gate) Expelled(reason string) { g.evicted(reason) }
