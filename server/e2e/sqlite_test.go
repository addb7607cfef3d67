package e2e

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

func openSQLite(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// load makes a database by SQL.
func load(t *testing.T, file, script string) {
	t.Helper()
	db := openSQLite(t, file)
	_, err := db.Exec(script)
	if closed := db.Close(); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
}

func schemaVersion(t *testing.T, file string) (version int) {
	t.Helper()
	db := openSQLite(t, file)
	defer db.Close()
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

// dumpSQLite returns the SQL that makes a database.
func dumpSQLite(t *testing.T, file string) string {
	t.Helper()
	db := openSQLite(t, file)
	defer db.Close()
	var out strings.Builder
	for _, pragma := range []string{"application_id", "user_version"} {
		var value int
		if err := db.QueryRow("PRAGMA " + pragma).Scan(&value); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "PRAGMA %s = %d;\n", pragma, value)
	}
	for _, statement := range texts(t, db, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'index', rowid") {
		out.WriteString(statement + ";\n")
	}
	for _, table := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid") {
		columns := texts(t, db, "SELECT 'quote(' || name || ')' FROM pragma_table_info('"+table+"')")
		for _, values := range texts(t, db, "SELECT concat_ws(', ', "+strings.Join(columns, ", ")+") FROM "+table) {
			fmt.Fprintf(&out, "INSERT INTO %s VALUES (%s);\n", table, values)
		}
	}
	return out.String()
}

// texts returns the one column of a query.
func texts(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
