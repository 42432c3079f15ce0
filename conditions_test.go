package httpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/httpserver/internal/httpdate"
	"example.com/httpserver/internal/wiretest"
)

// A condition is a request for a file, and the gist of the answer. Method and version are GET and both of HTTP/1.0 and
// HTTP/1.1 unless the request says otherwise; field lines stand behind bars, and what is in braces is what the server
// has said of the file before: see fileServer.fill.
type condition struct {
	name, request, want string
	nginx               nginx
}

// conditionVersions are the versions of HTTP that conditions are sent in. They make no difference.
var conditionVersions = []string{"1.0", "1.1"}

// conditions are what TestConditions sends to ours, and TestNginx to nginx.
var conditions = []struct {
	section string
	rows    []condition
}{
	{"RFC 9110 §8.8.1 weak tags, of a file that has just been changed", []condition{
		{"the file", "GET young", "200 weak", nginx{"200", youngTag}},
		{"If-None-Match", "GET young | If-None-Match: {etag}", "304 weak", nginx{"304", youngTag}},
		{"If-Match", "GET young | If-Match: {etag}", "412", nginx{"200", youngTag}},
		{"If-Match: *", "GET young | If-Match: *", "200 weak", nginx{"200", youngTag}},
		{"a Range", "GET young | Range: bytes=0-4", "206 0-4 weak", nginx{"206 0-4", youngTag}},
		{"If-Range, its tag", "GET young | Range: bytes=0-4 | If-Range: {etag}", "200 weak", nginx{"206 0-4", youngTag}},
		{"If-Range, its date", "GET young | Range: bytes=0-4 | If-Range: {date}", "200 weak", nginx{"206 0-4", youngTag}},
		{"If-Modified-Since", "GET young | If-Modified-Since: {date}", "304 weak", nginx{"304", youngTag}},
		{"If-Unmodified-Since", "GET young | If-Unmodified-Since: {date}", "200 weak", nginx{"200", youngTag}},
	}},
	{"RFC 9110 §8.8.2.1 times to come", []condition{
		{"the file", "GET future", "200 weak", nginx{"200 later than Date", laterThanDate}},
		{"HEAD", "HEAD future", "200 weak", nginx{"200 later than Date", laterThanDate}},
		{"If-None-Match", "GET future | If-None-Match: {etag}", "304 weak", nginx{"304 later than Date", laterThanDate}},
		{"If-Modified-Since", "GET future | If-Modified-Since: {date}", "200 weak", nginx{"304 later than Date", laterThanDate}},
		{"If-Unmodified-Since", "GET future | If-Unmodified-Since: {date}", "412", nginx{"200 later than Date", laterThanDate}},
		{"a Range", "GET future | Range: bytes=0-4", "206 0-4 weak", nginx{"206 0-4 later than Date", laterThanDate}},
		{"If-Range", "GET future | Range: bytes=0-4 | If-Range: {date}", "200 weak", nginx{"206 0-4 later than Date", laterThanDate}},
	}},
	{"RFC 9110 §13.1.1 If-Match", []condition{
		{"the tag", "GET letters | If-Match: {etag}", "200", alike},
		{"another", `GET letters | If-Match: "x"`, "412", alike},
		{"the tag, HEAD", "HEAD letters | If-Match: {etag}", "200", alike},
		{"another, HEAD", `HEAD letters | If-Match: "x"`, "412", alike},
		{"any", "GET letters | If-Match: *", "200", alike},
		{"any, and nothing is in it", "GET empty | If-Match: *", "200", alike},
		{"another, and nothing is in it", `GET empty | If-Match: "x"`, "412", alike},
		{"the last of a list", `GET letters | If-Match: "x", "y", {etag}`, "200", alike},
		{"none of a list", `GET letters | If-Match: "x", "y", W/"z"`, "412", alike},
		{"a list without blanks", `GET letters | If-Match: "x",{etag},"y"`, "200", alike},
		{"a list with empty members", `GET letters | If-Match: ,, "x" ,	, {etag},`, "200", alike},
		{"a list in two lines", `GET letters | If-Match: "x" | If-Match: {etag}`, "200", nginx{"400", listInLines}},
		{"as a weak tag", "GET letters | If-Match: {weak}", "412", alike},
		{"a comma in a tag", `GET letters | If-Match: "x,y", {etag}`, "200", alike},
		{"no quotes", "GET letters | If-Match: x", "412", alike},
		{"quotes that stay open", `GET letters | If-Match: "x`, "412", alike},
		{"empty", "GET letters | If-Match:", "412", alike},
		{"any beside another tag", `GET letters | If-Match: *, "x"`, "412", alike},
		{"the name in another case", `GET letters | iF-mATCH: "x"`, "412", alike},
		{"blanks around", "GET letters | If-Match: \t {etag} \t", "200", nginx{"412", blanksAround}},
	}},
	{"RFC 9110 §13.1.2 If-None-Match", []condition{
		{"the tag", "GET letters | If-None-Match: {etag}", "304", alike},
		{"another", `GET letters | If-None-Match: "x"`, "200", alike},
		{"the tag, HEAD", "HEAD letters | If-None-Match: {etag}", "304", alike},
		{"another, HEAD", `HEAD letters | If-None-Match: "x"`, "200", alike},
		{"any", "GET letters | If-None-Match: *", "304", alike},
		{"any, HEAD", "HEAD letters | If-None-Match: *", "304", alike},
		{"any, and nothing is in it", "GET empty | If-None-Match: *", "304", alike},
		{"the tag, and nothing is in it", "GET empty | If-None-Match: {etag}", "304", alike},
		{"of a large file", "GET large | If-None-Match: {etag}", "304", alike},
		{"another, of a large file", `GET large | If-None-Match: "x"`, "200", alike},
		{"as a weak tag", "GET letters | If-None-Match: {weak}", "304", alike},
		{"as a weak tag in lower case", "GET letters | If-None-Match: w/{etag}", "200", alike},
		{"the last of a list", `GET letters | If-None-Match: "x", W/"y", {etag}`, "304", alike},
		{"the last of a list, as a weak tag", `GET letters | If-None-Match: "x", "y", {weak}`, "304", alike},
		{"none of a list", `GET letters | If-None-Match: "x", "y"`, "200", alike},
		{"a list with empty members", `GET letters | If-None-Match: , "x",,{etag}`, "304", alike},
		{"a list in two lines", `GET letters | If-None-Match: "x" | If-None-Match: {etag}`, "304", nginx{"400", listInLines}},
		{"a comma in a tag", `GET letters | If-None-Match: "x,y", {etag}`, "304", alike},
		{"no quotes", "GET letters | If-None-Match: x", "200", alike},
		{"quotes that stay open", `GET letters | If-None-Match: "x`, "200", alike},
		{"empty", "GET letters | If-None-Match:", "200", alike},
		{"any beside another tag", `GET letters | If-None-Match: *, "x"`, "200", alike},
	}},
	{"RFC 9110 §13.1.3 If-Modified-Since", []condition{
		{"the date", "GET letters | If-Modified-Since: {date}", "304", alike},
		{"the date, HEAD", "HEAD letters | If-Modified-Since: {date}", "304", alike},
		{"the date, and nothing is in it", "GET empty | If-Modified-Since: {date}", "304", alike},
		{"a second later", "GET letters | If-Modified-Since: {later}", "304", nginx{"200", exactDate}},
		{"a second earlier", "GET letters | If-Modified-Since: {earlier}", "200", alike},
		{"a second earlier, HEAD", "HEAD letters | If-Modified-Since: {earlier}", "200", alike},
		{"tomorrow", "GET letters | If-Modified-Since: {tomorrow}", "304", nginx{"200", exactDate}},
		{"in the form of RFC 850", "GET letters | If-Modified-Since: {rfc850}", "304", alike},
		{"in the form of asctime", "GET letters | If-Modified-Since: {asctime}", "304", alike},
		{"no date", "GET letters | If-Modified-Since: yesterday", "200", alike},
		{"a number", "GET letters | If-Modified-Since: 0", "200", alike},
		{"empty", "GET letters | If-Modified-Since:", "200", alike},
		{"two dates", "GET letters | If-Modified-Since: {date} | If-Modified-Since: {earlier}", "304", nginx{"400", firstDate}},
		{"If-None-Match names another", `GET letters | If-Modified-Since: {date} | If-None-Match: "x"`, "200", alike},
		{"If-None-Match names it", "GET letters | If-Modified-Since: {earlier} | If-None-Match: {etag}", "304", nginx{"200", datesBesideTags}},
		{"If-None-Match names nothing", "GET letters | If-Modified-Since: {date} | If-None-Match:", "200", alike},
	}},
	{"RFC 9110 §13.1.4 If-Unmodified-Since", []condition{
		{"the date", "GET letters | If-Unmodified-Since: {date}", "200", alike},
		{"a second later", "GET letters | If-Unmodified-Since: {later}", "200", alike},
		{"a second earlier", "GET letters | If-Unmodified-Since: {earlier}", "412", alike},
		{"a second earlier, HEAD", "HEAD letters | If-Unmodified-Since: {earlier}", "412", alike},
		{"in the form of RFC 850", "GET letters | If-Unmodified-Since: {rfc850}", "200", alike},
		{"in the form of asctime", "GET letters | If-Unmodified-Since: {asctime}", "200", alike},
		{"long ago, in the form of RFC 850", "GET letters | If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT", "412", alike},
		{"long ago, in the form of asctime", "GET letters | If-Unmodified-Since: Sun Nov  6 08:49:37 1994", "412", alike},
		{"no date", "GET letters | If-Unmodified-Since: yesterday", "200", nginx{"412", noDate}},
		{"empty", "GET letters | If-Unmodified-Since:", "200", nginx{"412", noDate}},
		{"two dates", "GET letters | If-Unmodified-Since: {earlier} | If-Unmodified-Since: {earlier}", "200", nginx{"400", severalValues}},
		{"If-Match names it", "GET letters | If-Unmodified-Since: {earlier} | If-Match: {etag}", "200", nginx{"412", datesBesideTags}},
		{"If-Match names any", "GET letters | If-Unmodified-Since: {earlier} | If-Match: *", "200", nginx{"412", datesBesideTags}},
		{"If-Match names another", `GET letters | If-Unmodified-Since: {date} | If-Match: "x"`, "412", alike},
	}},
	{"RFC 9110 §13.1.5 If-Range", []condition{
		{"the tag", "GET letters | Range: bytes=0-4 | If-Range: {etag}", "206 0-4", alike},
		{"another", `GET letters | Range: bytes=0-4 | If-Range: "x"`, "200", alike},
		{"as a weak tag", "GET letters | Range: bytes=0-4 | If-Range: {weak}", "200", alike},
		{"a list", `GET letters | Range: bytes=0-4 | If-Range: {etag}, "x"`, "200", alike},
		{"any is none", "GET letters | Range: bytes=0-4 | If-Range: *", "200", alike},
		{"no quotes", "GET letters | Range: bytes=0-4 | If-Range: x", "200", alike},
		{"empty", "GET letters | Range: bytes=0-4 | If-Range:", "200", alike},
		{"two tags", "GET letters | Range: bytes=0-4 | If-Range: {etag} | If-Range: {etag}", "200", nginx{"400", severalValues}},
		{"the date", "GET letters | Range: bytes=0-4 | If-Range: {date}", "206 0-4", alike},
		{"a second later", "GET letters | Range: bytes=0-4 | If-Range: {later}", "200", alike},
		{"a second earlier", "GET letters | Range: bytes=0-4 | If-Range: {earlier}", "200", alike},
		{"tomorrow", "GET letters | Range: bytes=0-4 | If-Range: {tomorrow}", "200", alike},
		{"in the form of RFC 850", "GET letters | Range: bytes=0-4 | If-Range: {rfc850}", "206 0-4", alike},
		{"in the form of asctime", "GET letters | Range: bytes=0-4 | If-Range: {asctime}", "206 0-4", alike},
		{"no date", "GET letters | Range: bytes=0-4 | If-Range: yesterday", "200", alike},
		{"no Range", `GET letters | If-Range: "x"`, "200", alike},
		{"HEAD", "HEAD letters | Range: bytes=0-4 | If-Range: {etag}", "200", nginx{"206 0-4", rangeOfHEAD}},
		{"the tag, for parts", "GET letters | Range: bytes=0-1,24-25 | If-Range: {etag}", "206 0-1, 24-25", alike},
		{"the tag, beyond the end", "GET letters | Range: bytes=26- | If-Range: {etag}", "416", alike},
		{"another, beyond the end", `GET letters | Range: bytes=26- | If-Range: "x"`, "200", alike},
		{"it stands before the Range", "GET letters | If-Range: {etag} | Range: bytes=0-4", "206 0-4", alike},
	}},
	{"RFC 9110 §13.2.1 when conditions count", []condition{
		{"what is not there matches none", "GET missing | If-None-Match: *", "404", alike},
		{"what is not there matches nothing", "GET missing | If-Match: *", "404", alike},
		{"what is not there has no parts", "GET missing | Range: bytes=0-4", "404", alike},
		{"what is not there, HEAD", "HEAD missing | If-Match: *", "404", alike},
		{"a redirect", `GET dir | If-Match: "x"`, "301", alike},
		{"a redirect, and it was not changed", "GET dir | If-None-Match: *", "301", alike},
		{"a redirect has no parts", "GET dir | Range: bytes=0-4", "301", alike},
		{"a condition that nobody knows", `GET letters | If: "x" | If-Not-Match: {etag} | If-Match-None: *`, "200", alike},
	}},
	{"RFC 9110 §13.2.2 precedence", []condition{
		{"If-Match fails before If-None-Match", `GET letters | If-None-Match: {etag} | If-Match: "x"`, "412", alike},
		{"If-Match and If-None-Match hold the tag", "GET letters | If-None-Match: {etag} | If-Match: {etag}", "304", alike},
		{"If-Match holds, and If-Modified-Since", "GET letters | If-Match: {etag} | If-Modified-Since: {date}", "304", alike},
		{"If-Unmodified-Since fails before If-None-Match", "GET letters | If-None-Match: {etag} | If-Unmodified-Since: {earlier}", "412", alike},
		{"If-Unmodified-Since and If-Modified-Since hold the date", "GET letters | If-Modified-Since: {date} | If-Unmodified-Since: {date}", "304", alike},
		{"If-Unmodified-Since fails before a Range", "GET letters | Range: bytes=0-4 | If-Unmodified-Since: {earlier}", "412", alike},
		{"If-Unmodified-Since holds, and the Range", "GET letters | Range: bytes=0-4 | If-Unmodified-Since: {date}", "206 0-4", alike},
		{"If-None-Match before a Range", "GET letters | Range: bytes=0-4 | If-None-Match: {etag}", "304", alike},
		{"If-None-Match names another, and the Range", `GET letters | Range: bytes=0-4 | If-None-Match: "x"`, "206 0-4", alike},
		{"If-Modified-Since before a Range", "GET letters | Range: bytes=0-4 | If-Modified-Since: {date}", "304", alike},
		{"If-Modified-Since is earlier, and the Range", "GET letters | Range: bytes=0-4 | If-Modified-Since: {earlier}", "206 0-4", alike},
		{"If-Match before a Range", `GET letters | Range: bytes=0-4 | If-Match: "x"`, "412", alike},
		{"If-Match holds, and the Range", "GET letters | Range: bytes=0-4 | If-Match: {etag}", "206 0-4", alike},
		{"If-Match before a Range beyond the end", `GET letters | Range: bytes=26- | If-Match: "x"`, "412", alike},
		{"If-Match holds, and a Range beyond the end", "GET letters | Range: bytes=26- | If-Match: {etag}", "416", alike},
		{"If-None-Match before a Range beyond the end", "GET letters | Range: bytes=26- | If-None-Match: {etag}", "304", alike},
		{"If-Match holds, and If-Range fails", `GET letters | Range: bytes=0-4 | If-Match: {etag} | If-Range: "x"`, "200", alike},
		{"If-Range holds, and If-None-Match", "GET letters | Range: bytes=0-4 | If-None-Match: {etag} | If-Range: {etag}", "304", alike},
		{"all of them hold", `GET letters | Range: bytes=0-4 | If-Range: {etag} | If-Match: {etag} | If-None-Match: "x" | ` +
			"If-Unmodified-Since: {date} | If-Modified-Since: {earlier}", "206 0-4", alike},
	}},
	{"RFC 9110 §14.1.1 range specifiers", []condition{
		{"no numbers", "GET letters | Range: bytes=-", "200", nginx{"416", notValid}},
		{"one number", "GET letters | Range: bytes=4", "200", nginx{"416", notValid}},
		{"three numbers", "GET letters | Range: bytes=0-4-5", "200", nginx{"416", notValid}},
		{"two dashes", "GET letters | Range: bytes=--4", "200", nginx{"416", notValid}},
		{"a sign", "GET letters | Range: bytes=+0-4", "200", nginx{"416", notValid}},
		{"hexadecimal", "GET letters | Range: bytes=0x0-0x4", "200", nginx{"416", notValid}},
		{"words", "GET letters | Range: bytes=first-last", "200", nginx{"416", notValid}},
		{"the last before the first", "GET letters | Range: bytes=4-3", "200", nginx{"416", notValid}},
		{"the last before the first, beyond the end", "GET letters | Range: bytes=40-30", "200", nginx{"416", notValid}},
		{"an empty set", "GET letters | Range: bytes=", "200", alike},
		{"a set of empty members", "GET letters | Range: bytes=,", "200", nginx{"416", notValid}},
		{"empty members beside one", "GET letters | Range: bytes=,,0-4,", "206 0-4", nginx{"416", rangesAreAList}},
		{"blanks around", "GET letters | Range: bytes= 0-4 ,\t8-9 ", "206 0-4, 8-9", nginx{"416", rangesAreAList}},
		{"a blank within", "GET letters | Range: bytes=0 -4", "200", nginx{"206 0-4", validInPart}},
		{"a blank before the equals sign", "GET letters | Range: bytes =0-4", "200", alike},
		{"one of two is not valid", "GET letters | Range: bytes=0-4,x", "200", nginx{"416", notValid}},
		{"one of two is the wrong way round", "GET letters | Range: bytes=0-4,9-8", "200", nginx{"206 0-4", validInPart}},
	}},
	{"RFC 9110 §14.1.2 byte ranges", []condition{
		{"the first byte", "GET letters | Range: bytes=0-0", "206 0-0", alike},
		{"the last byte", "GET letters | Range: bytes=25-25", "206 25-25", alike},
		{"from the first", "GET letters | Range: bytes=0-", "206 0-25", alike},
		{"from the middle", "GET letters | Range: bytes=13-", "206 13-25", alike},
		{"up to beyond the end", "GET letters | Range: bytes=20-99", "206 20-25", alike},
		{"from the end", "GET letters | Range: bytes=26-", "416", alike},
		{"beyond the end", "GET letters | Range: bytes=99-100", "416", alike},
		{"the last five", "GET letters | Range: bytes=-5", "206 21-25", alike},
		{"the last 26", "GET letters | Range: bytes=-26", "206 0-25", alike},
		{"the last 27", "GET letters | Range: bytes=-27", "206 0-25", alike},
		{"the last none", "GET letters | Range: bytes=-0", "416", alike},
		{"zeros before numbers", "GET letters | Range: bytes=000000000000000000000003-004", "206 3-4", alike},
		{"up to 2⁶³-1", "GET letters | Range: bytes=1-9223372036854775807", "206 1-25", alike},
		{"up to 2⁶³", "GET letters | Range: bytes=1-9223372036854775808", "206 1-25", nginx{"416", largeNumbers}},
		{"up to 2⁶⁴", "GET letters | Range: bytes=1-18446744073709551616", "206 1-25", nginx{"416", largeNumbers}},
		{"from 2⁶³", "GET letters | Range: bytes=9223372036854775808-", "416", alike},
		{"the last 2⁶⁴", "GET letters | Range: bytes=-18446744073709551616", "206 0-25", nginx{"416", largeNumbers}},
		{"of one byte, all", "GET byte | Range: bytes=0-", "206 0-0", alike},
		{"of one byte, the last five", "GET byte | Range: bytes=-5", "206 0-0", alike},
		{"of one byte, from the end", "GET byte | Range: bytes=1-", "416", alike},
		{"of nothing, all", "GET empty | Range: bytes=0-", "416", nginx{"200", rangeOfNothing}},
		{"of nothing, the last five", "GET empty | Range: bytes=-5", "200", alike},
		{"of nothing, the last none", "GET empty | Range: bytes=-0", "416", nginx{"200", rangeOfNothing}},
		{"of nothing, what is not valid", "GET empty | Range: bytes=x", "200", nginx{"416", notValid}},
		{"of many, in the middle", "GET large | Range: bytes=50000-50009", "206 50000-50009", alike},
		{"of many, most", "GET large | Range: bytes=1-", "206 1-99999", alike},
		{"of many, the last", "GET large | Range: bytes=-1", "206 99999-99999", alike},
	}},
	{"RFC 9110 §14.2 Range", []condition{
		{"HEAD", "HEAD letters | Range: bytes=0-4", "200", nginx{"206 0-4", rangeOfHEAD}},
		{"HEAD, parts", "HEAD letters | Range: bytes=0-1,4-5", "200", nginx{"206 in parts", rangeOfHEAD}},
		{"HEAD, beyond the end", "HEAD letters | Range: bytes=26-", "200", nginx{"416", rangeOfHEAD}},
		{"HEAD, not valid", "HEAD letters | Range: bytes=x", "200", nginx{"416", rangeOfHEAD}},
		{"another unit", "GET letters | Range: lines=0-4", "200", alike},
		{"a longer unit", "GET letters | Range: bytess=0-4", "200", alike},
		{"no unit", "GET letters | Range: 0-4", "200", alike},
		{"no equals sign", "GET letters | Range: bytes 0-4", "200", alike},
		{"a unit alone", "GET letters | Range: bytes", "200", alike},
		{"empty", "GET letters | Range:", "200", alike},
		{"the unit in capitals", "GET letters | Range: BYTES=0-4", "206 0-4", alike},
		{"the name in another case", "GET letters | rANGE: bytes=0-4", "206 0-4", alike},
		{"two lines", "GET letters | Range: bytes=0-4 | Range: bytes=8-9", "200", nginx{"206 0-4", twoRanges}},
		{"two lines, beyond the end", "GET letters | Range: bytes=26- | Range: bytes=27-", "200", nginx{"416", twoRanges}},
	}},
	{"RFC 9110 §14.3 Accept-Ranges", []condition{
		{"a file", "GET letters", "200", alike},
		{"a file, HEAD", "HEAD letters", "200", alike},
		{"a byte", "GET byte", "200", alike},
		{"nothing", "GET empty", "200", alike},
		{"nothing, HEAD", "HEAD empty", "200", alike},
		{"a large file", "GET large", "200", alike},
		{"a large file, HEAD", "HEAD large", "200", alike},
		{"in a request", "GET letters | Accept-Ranges: none | Range: bytes=0-4", "206 0-4", alike},
	}},
	{"RFC 9110 §14.4 Content-Range", []condition{
		{"in a request", "GET letters | Content-Range: bytes 0-4/26", "200", alike},
		{"in a request with Range", "GET letters | Content-Range: bytes 0-4/26 | Range: bytes=8-9", "206 8-9", alike},
	}},
	{"RFC 9110 §14.6 multipart/byteranges", []condition{
		{"the first and the last byte", "GET letters | Range: bytes=0-0,-1", "206 0-0, 25-25", alike},
		{"three", "GET letters | Range: bytes=0-1,4-5,8-", "206 0-1, 4-5, 8-25", alike},
		{"of many", "GET large | Range: bytes=0-9,50000-59999,-10", "206 0-9, 50000-59999, 99990-99999", alike},
		{"in another order", "GET letters | Range: bytes=20-21,0-1", "206 20-21, 0-1", alike},
	}},
	{"RFC 9110 §15.3.7 206", []condition{
		{"one of two is beyond the end", "GET letters | Range: bytes=0-4,26-", "206 0-4", alike},
		{"one of three is beyond the end", "GET letters | Range: bytes=0-4,26-,8-9", "206 0-4, 8-9", alike},
		{"two overlap", "GET letters | Range: bytes=0-4,3-8", "206 0-8", nginx{"206 0-4, 3-8", overlaps}},
		{"two touch", "GET letters | Range: bytes=0-4,5-8", "206 0-8", nginx{"206 0-4, 5-8", overlaps}},
		{"two are the same", "GET letters | Range: bytes=0-4,0-4", "206 0-4", nginx{"206 0-4, 0-4", overlaps}},
		{"one within another", "GET letters | Range: bytes=0-9,3-4", "206 0-9", nginx{"206 0-9, 3-4", overlaps}},
		{"all, and the last", "GET letters | Range: bytes=0-,-1", "206 0-25", nginx{"200", overlaps}},
		{"all, twice", "GET letters | Range: bytes=0-,0-", "206 0-25", nginx{"200", overlaps}},
		{"all, a hundred times", "GET large | Range: bytes=" + strings.Repeat("0-,", 100) + "0-", "206 0-99999", nginx{"200", overlaps}},
		{"a gap of one byte", "GET letters | Range: bytes=0-4,6-8", "206 0-4, 6-8", alike},
		{"bytes by themselves, 64", "GET large | Range: bytes=" + apart(64), "206 " + inWords(apart(64)), alike},
		{"bytes by themselves, 65", "GET large | Range: bytes=" + apart(65), "200", nginx{"206 " + inWords(apart(65)), tooManyRanges}},
		{"one range, 257 times", "GET large | Range: bytes=" + strings.Repeat("0-0,", 256) + "0-0", "200", nginx{"206 " + strings.Repeat("0-0, ", 256) + "0-0", tooManyRanges}},
		{"all, in two", "GET letters | Range: bytes=0-12,13-", "206 0-25", nginx{"206 0-12, 13-25", overlaps}},
	}},
	{"RFC 9110 §15.4.5 304", []condition{
		{"of one byte", "GET byte | If-None-Match: {etag}", "304", alike},
		{"by its date", "GET byte | If-Modified-Since: {date}", "304", alike},
		{"of a large file, HEAD", "HEAD large | If-None-Match: {etag}", "304", alike},
		{"by tag and date", "GET letters | If-None-Match: {etag} | If-Modified-Since: {date}", "304", alike},
	}},
	{"RFC 9110 §15.5.13 412", []condition{
		{"of one byte", `GET byte | If-Match: "x"`, "412", alike},
		{"of a large file", `GET large | If-Match: "x"`, "412", alike},
		{"by its date", "GET byte | If-Unmodified-Since: {earlier}", "412", alike},
	}},
	{"RFC 9110 §15.5.17 416", []condition{
		{"none of two", "GET letters | Range: bytes=26-,-0", "416", alike},
		{"of a large file", "GET large | Range: bytes=100000-", "416", alike},
		{"a large number", "GET large | Range: bytes=99999999999999999999-", "416", alike},
	}},
}

// apart names n bytes that are apart from each other.
func apart(n int) string {
	specs := make([]string, n)
	for i := range n {
		specs[i] = fmt.Sprintf("%d-%[1]d", 2*i)
	}
	return strings.Join(specs, ",")
}

// inWords spells a set of ranges as a gist does.
func inWords(set string) string { return strings.ReplaceAll(set, ",", ", ") }

// conditionFields are those fields of an answer that say something of the content, and how many times, by the kind of
// answer: its status and, of a 206, whether it is in parts.
var conditionFields = []struct {
	kind, want string
	nginx      nginx
}{
	{"200", "Accept-Ranges Content-Length Content-Type ETag Last-Modified", alike},
	{"206", "Accept-Ranges Content-Length Content-Range Content-Type ETag Last-Modified",
		nginx{"Content-Length Content-Range Content-Type ETag Last-Modified", mayGoOn}},
	{"206 in parts", "Accept-Ranges Content-Length Content-Type ETag Last-Modified",
		nginx{"Content-Length Content-Type ETag Last-Modified", mayGoOn}},
	{"301", "Content-Length", nginx{"Content-Length Content-Type", redirectPage}},
	{"304", "ETag", nginx{"ETag Last-Modified", onlyTag}},
	{"404", "Content-Length Content-Type", alike},
	{"412", "Content-Length Content-Type", alike},
	{"416", "Content-Length Content-Range Content-Type", alike},
}

var contentFields = []string{"Accept-Ranges", "Content-Length", "Content-Range", "Content-Type", "ETag", "Last-Modified"}

// TestConditions asks for files under conditions, and for parts of them.
func TestConditions(t *testing.T) {
	files, settled := conditionFiles(), fstest.MapFS{"dir/file": {}}
	for name, content := range files {
		settled[name] = &fstest.MapFile{Data: []byte(content), ModTime: modified}
	}
	h, onDisk := new(quietFiles), new(quietFiles)
	h.FS, onDisk.Directory = settled, plantConditionFiles(t)
	h.ProtocolVersion, onDisk.ProtocolVersion = "HTTP/1.1", "HTTP/1.1"
	// What was just written has a weak tag, so what is to have a strong one is no file.
	addr, diskAddr := serveDuring(t, h).ServerAddress().String(), serveDuring(t, onDisk).ServerAddress().String()
	s := &fileServer{files: files, dir: onDisk.Directory, addr: func(file string) string {
		if file == "young" || file == "future" {
			return diskAddr
		}
		return addr
	}}
	kinds := map[string]bool{}
	for _, section := range conditions {
		t.Run(section.section, func(t *testing.T) {
			for _, c := range section.rows {
				for _, version := range conditionVersions {
					a := s.ask(t, c.request, version)
					kinds[a.kind] = true
					if a.gist != c.want {
						t.Errorf("%s: %s, HTTP/%s\ngot  %s\nwant %s\n%.800q", c.name, c.request, version, a.gist, c.want, a.stream)
					}
					if i := fieldsOf(a.kind); i < 0 || conditionFields[i].want != a.fields {
						t.Errorf("%s: %s, HTTP/%s: %s has the fields %s", c.name, c.request, version, a.kind, a.fields)
					}
				}
			}
		})
	}
	if len(kinds) != len(conditionFields) {
		t.Errorf("of the kinds in conditionFields, there were %v", kinds)
	}
}

// fieldsOf gives the place of a kind in conditionFields, or -1.
func fieldsOf(kind string) int {
	for i, f := range conditionFields {
		if f.kind == kind {
			return i
		}
	}
	return -1
}

// conditionFiles are the files that conditions are about.
func conditionFiles() map[string]string {
	large := make([]byte, 100_000)
	for i := range large {
		large[i] = byte(i % 251)
	}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return map[string]string{"empty": "", "byte": "x", "letters": letters, "large": string(large), "young": letters, "future": letters}
}

func plantConditionFiles(t *testing.T) (dir string) {
	t.Helper()
	files := conditionFiles()
	files["dir/file"] = ""
	dir = plant(t, files)
	inAWhile := time.Now().AddDate(1, 0, 0)
	if err := os.Chtimes(filepath.Join(dir, "future"), inAWhile, inAWhile); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A fileServer is a server of conditionFiles.
type fileServer struct {
	files map[string]string
	dir   string                   // where they are, as far as they are on disk
	addr  func(file string) string // who serves them
}

// A fileAnswer is an answer in short. What its gist does not say is as it should be: the content and its length,
// Content-Range and the parts, the media type, and that the tag is the one that the file had before.
type fileAnswer struct{ gist, kind, fields, stream string }

// ask sends a request of the conditions. While a file is young is a matter of time, so it is made anew for each request,
// and again if that took long.
func (s *fileServer) ask(t *testing.T, request, version string) fileAnswer {
	t.Helper()
	head, fields, _ := strings.Cut(request, " | ")
	method, file, _ := strings.Cut(head, " ")
	lines := strings.ReplaceAll(fields, " | ", "\r\n")
	if lines != "" {
		lines += "\r\n"
	}
	for began := time.Now(); ; {
		changed := time.Now()
		if file == "young" {
			if err := os.WriteFile(filepath.Join(s.dir, file), []byte(s.files[file]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before, _, _ := s.send(t, "HEAD", file, version, "")
		tag := before.Header.Get("ETag")
		response, content, stream := s.send(t, method, file, version, fill(t, lines, before))
		if file == "young" && time.Since(changed) > time.Second && time.Since(began) < patience {
			continue
		}
		a := fileAnswer{stream: stream}
		a.gist, a.kind = s.describe(method, file, tag, response, content)
		var names []string
		for _, name := range contentFields {
			for range response.Header.Values(name) {
				names = append(names, name)
			}
		}
		a.fields = strings.Join(names, " ")
		return a
	}
}

// send sends one request, and gives the answer with its content and as it came.
func (s *fileServer) send(t *testing.T, method, file, version, fields string) (response *http.Response, content, stream string) {
	t.Helper()
	request := method + " /" + file + " HTTP/" + version + "\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n"
	stream, err := wiretest.Send(s.addr(file), request)
	if err != nil {
		t.Fatalf("%q: %v after %.800q", request, err, stream)
	}
	r := bufio.NewReader(strings.NewReader(stream))
	response, err = http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v: %.800q", request, err, stream)
	}
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%q: %v: %.800q", request, err, stream)
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 {
		t.Errorf("%q: behind the answer stands %.80q", request, rest)
	}
	return response, string(b), stream
}

// fill puts what a server has said of a file in the place of what stands in braces.
func fill(t *testing.T, lines string, before *http.Response) string {
	t.Helper()
	if !strings.Contains(lines, "{") {
		return lines
	}
	tag, date := before.Header.Get("ETag"), before.Header.Get("Last-Modified")
	at, ok := httpdate.Parse(date)
	if tag == "" || !ok {
		t.Fatalf("the file has the tag %q and the date %q", tag, date)
	}
	return strings.NewReplacer(
		"{etag}", tag,
		"{weak}", "W/"+strings.TrimPrefix(tag, "W/"),
		"{date}", date,
		"{earlier}", httpdate.Format(at.Add(-time.Second)),
		"{later}", httpdate.Format(at.Add(time.Second)),
		"{tomorrow}", httpdate.Format(time.Now().AddDate(0, 0, 1)),
		"{rfc850}", at.UTC().Format("Monday, 02-Jan-06 15:04:05 GMT"),
		"{asctime}", at.UTC().Format(time.ANSIC),
	).Replace(lines)
}

// describe gives an answer's gist: the status, the ranges, and all that is not as it should be.
func (s *fileServer) describe(method, file, tag string, response *http.Response, content string) (gist, kind string) {
	whole, fields := s.files[file], response.Header
	kind = fmt.Sprint(response.StatusCode)
	gist = kind
	complain := func(format string, args ...any) { gist += "; " + fmt.Sprintf(format, args...) }
	if method == "HEAD" && content != "" {
		complain("content %.80q", content)
	}
	switch response.StatusCode {
	case 200:
		if method != "HEAD" && content != whole {
			complain("content %.80q", content)
		}
		if response.ContentLength != int64(len(whole)) {
			complain("Content-Length: %d", response.ContentLength)
		}
	case 206:
		if strings.HasPrefix(fields.Get("Content-Type"), "multipart/") {
			kind += " in parts"
			gist += " " + describeParts(response, content, whole)
			break
		}
		gist += " " + describeRange(fields.Get("Content-Range"), content, whole, method)
	case 304:
		if content != "" {
			complain("content %.80q", content)
		}
	case 416:
		if got, want := fields.Get("Content-Range"), fmt.Sprintf("bytes */%d", len(whole)); got != want {
			complain("Content-Range: %s", got)
		}
	}
	if response.StatusCode < 400 && kind != "301" {
		if got := fields.Get("Content-Type"); kind != "304" && !strings.HasPrefix(got, "multipart/") && got != "application/octet-stream" {
			complain("Content-Type: %s", got)
		}
		if got := fields.Get("ETag"); got != tag {
			complain("ETag: %s", got)
		}
		if strings.HasPrefix(tag, "W/") {
			gist += " weak"
		}
	}
	date, ok := httpdate.Parse(fields.Get("Date"))
	if !ok {
		complain("Date: %s", fields.Get("Date"))
	}
	if changed, ok := httpdate.Parse(fields.Get("Last-Modified")); ok && changed.After(date) {
		gist += " later than Date"
	}
	return gist, kind
}

// describeRange gives the positions that a Content-Range names, and what is wrong with it.
func describeRange(contentRange, content, whole, method string) string {
	var first, last, size int
	_, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &first, &last, &size)
	if err != nil || fmt.Sprintf("bytes %d-%d/%d", first, last, size) != contentRange ||
		first > last || last >= len(whole) || size != len(whole) {
		return "Content-Range: " + contentRange
	}
	gist := fmt.Sprintf("%d-%d", first, last)
	if method != "HEAD" && content != whole[first:last+1] {
		gist += fmt.Sprintf("; content %.80q", content)
	}
	return gist
}

// describeParts gives the ranges of a multipart answer (RFC 9110 §14.6).
func describeParts(response *http.Response, content, whole string) string {
	mediaType, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/byteranges" {
		return "Content-Type: " + response.Header.Get("Content-Type")
	}
	if response.Request.Method == "HEAD" {
		return "in parts"
	}
	var ranges []string
	for r := multipart.NewReader(strings.NewReader(content), parameters["boundary"]); ; {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return strings.Join(ranges, ", ")
		}
		if err != nil {
			return err.Error()
		}
		b, err := io.ReadAll(part)
		if err != nil {
			return err.Error()
		}
		if got := part.Header.Get("Content-Type"); len(part.Header) != 2 || got != "application/octet-stream" {
			return fmt.Sprintf("a part with the fields %v", part.Header)
		}
		ranges = append(ranges, describeRange(part.Header.Get("Content-Range"), string(b), whole, "GET"))
	}
}
