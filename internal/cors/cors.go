// Package cors says in fields what pages of other origins may do with an answer
// (Fetch standard, "HTTP extensions").
package cors

import (
	"slices"
	"strings"
)

// A Field is one to send.
type Field struct{ Name, Value string }

// Anyone is the policy that lets the pages of all origins read answers.
const Anyone = "*"

// Fields gives what to say in every answer to a request that came from origin, or
// from none. policy is Anyone, or the origins whose pages may read it, with blanks
// between them. Credentials are never allowed, so "*" stands for all fields.
func Fields(policy, origin string) []Field {
	if policy == Anyone {
		return []Field{
			{"Access-Control-Allow-Origin", "*"},
			{"Access-Control-Expose-Headers", "*"},
			// Pages that are isolated may embed it, too.
			{"Cross-Origin-Resource-Policy", "cross-origin"},
		}
	}
	vary := Field{"Vary", "Origin"} // in the other answers, too: a cache may give them to all
	if origin == "" || !slices.Contains(strings.Fields(policy), origin) {
		return []Field{vary}
	}
	return []Field{vary, {"Access-Control-Allow-Origin", origin}, {"Access-Control-Expose-Headers", "*"}}
}

// Preflight gives what to say, beside Fields, to a page that asks before it sends a
// request: with which methods, and with which fields, of those that it has
// requested. That is as good for two hours, the longest that browsers keep it.
func Preflight(methods string, requested []string) []Field {
	fields := []Field{{"Access-Control-Allow-Methods", methods}}
	if requested != nil {
		fields = append(fields, Field{"Access-Control-Allow-Headers", strings.Join(requested, ", ")})
	}
	return append(fields, Field{"Access-Control-Max-Age", "7200"})
}
