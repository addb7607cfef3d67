package postgres

// Parse is parse, for tests of what it adds to every connection.
var Parse = parse
