package postgres

// CheckURL refuses a URL that [Open] would refuse without asking the database.
func CheckURL(url string) error {
	_, err := parse(url)
	return err
}
