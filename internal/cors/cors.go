// Package cors says in fields what pages of other origins may do with an answer
// (Fetch standard, "HTTP extensions").
package cors

import (
	"slices"
	"strings"
)

// Anyone is the policy that lets the pages of all origins read answers.
const Anyone = "*"

// Send sends what to say in every answer to a request that came from origin, or
// from none. policy is Anyone, or the origins whose pages may read it, with blanks
// between them. Credentials are never allowed, so "*" stands for all fields.
func Send(policy, origin string, send func(name, value string)) {
	if policy == Anyone {
		send("Access-Control-Allow-Origin", "*")
		send("Access-Control-Expose-Headers", "*")
		send("Cross-Origin-Resource-Policy", "cross-origin") // pages that are isolated may embed it, too
		return
	}
	send("Vary", "Origin") // in the other answers, too: a cache may give them to all
	if origin != "" && slices.Contains(strings.Fields(policy), origin) {
		send("Access-Control-Allow-Origin", origin)
		send("Access-Control-Expose-Headers", "*")
	}
}

// Preflight sends what to say, beside what Send does, to a page that asks before it
// sends a request: with which methods, and with which fields, of those that it has
// requested. That is as good for two hours, the longest that browsers keep it.
func Preflight(methods string, requested []string, send func(name, value string)) {
	send("Access-Control-Allow-Methods", methods)
	if requested != nil {
		send("Access-Control-Allow-Headers", strings.Join(requested, ", "))
	}
	send("Access-Control-Max-Age", "7200")
}
