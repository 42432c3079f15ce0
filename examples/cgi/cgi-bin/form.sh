#!/bin/sh
# Shows a form, and greets who has filled it in: by GET, with the form in the
# query, or by POST, with the form on standard input, which ends where the form does.
export LC_ALL=C # one byte is one character

# field NAME gives the value of a field of $form. It is decoded (+ and %41), and
# what HTML would take for its own is escaped.
field() {
	printf %s "$form" | awk -v RS='&' -v name="$1" '
		BEGIN { for (i = 1; i < 256; i++) char[sprintf("%02x", i)] = sprintf("%c", i) }
		index($0, name "=") == 1 {
			left = substr($0, length(name) + 2)
			gsub(/\+/, " ", left)
			for (text = ""; i = index(left, "%"); left = substr(left, i + length(hex) + 1)) {
				hex = tolower(substr(left, i + 1, 2))
				if (!(hex in char)) hex = ""
				text = text substr(left, 1, i - 1) (hex == "" ? "%" : char[hex])
			}
			text = text left
			gsub(/&/, "\\&amp;", text)
			gsub(/</, "\\&lt;", text)
			gsub(/>/, "\\&gt;", text)
			gsub(/"/, "\\&quot;", text)
			printf "%s", text
			exit
		}'
}

case $REQUEST_METHOD in
POST) form=$(head -c 65536) ;; # a longer one is cut
*) form=$QUERY_STRING ;;
esac
name=$(field name)

printf 'Content-Type: text/html; charset=utf-8\n\n'
cat <<END
<!DOCTYPE html>
<title>A form</title>
${name:+<p>Hello, $name!</p>}
<form method="post" action="$SCRIPT_NAME">
<label>Your name: <input name="name" value="$name"></label>
<button>Send</button>
</form>
END
