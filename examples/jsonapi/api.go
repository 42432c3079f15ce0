package main

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/url"
	"strconv"
	"strings"

	"example.com/httpserver"
)

// API answers for the notes. Each connection has a copy of it, so what they
// share is behind a pointer.
type API struct {
	httpserver.BaseHandler
	Notes   *Notes
	MaxBody int64
}

// NewAPI gives an API without notes.
func NewAPI() *API {
	api := &API{Notes: new(Notes), MaxBody: 64 << 10}
	api.ProtocolVersion = "HTTP/1.1"
	api.Responses = httpserver.DefaultResponses()
	return api
}

// What can be done with the collection, and with a note.
const (
	onAll  = "GET, HEAD, POST, OPTIONS"
	onNote = "GET, HEAD, DELETE, OPTIONS"
)

// resource is what the request is about: all notes, one, or nothing that there
// is, which it has answered.
func (h *API) resource() (id int, allow string) {
	target, err := url.ParseRequestURI(h.Path) // a proxy may send more than the path
	if err != nil {
		h.SendError(400, "", "The request target is no URI")
		return 0, ""
	}
	if target.Path == "/notes" {
		return 0, onAll
	}
	if digits, ok := strings.CutPrefix(target.Path, "/notes/"); ok {
		if id, err := strconv.Atoi(digits); err == nil && id > 0 {
			return id, onNote
		}
	}
	h.SendError(404, "", "")
	return 0, ""
}

// DoGET answers with all notes, or with one.
func (h *API) DoGET() {
	switch id, allow := h.resource(); allow {
	case onAll:
		h.reply(200, h.Notes.All())
	case onNote:
		if note, ok := h.Notes.Get(id); ok {
			h.reply(200, note)
		} else {
			h.SendError(404, "", fmt.Sprintf("There is no note %d", id))
		}
	}
}

// DoHEAD answers as DoGET: the library leaves out the content.
func (h *API) DoHEAD() { h.DoGET() }

// DoPOST adds a note.
func (h *API) DoPOST() {
	switch _, allow := h.resource(); allow {
	case onAll:
		var draft struct{ Text string }
		switch {
		case !h.read(&draft):
		case draft.Text == "":
			h.SendError(422, "", "A note has a text")
		default:
			note := h.Notes.Add(draft.Text)
			h.reply(201, note, "Location", fmt.Sprintf("/notes/%d", note.ID))
		}
	case onNote:
		h.fail(405, "", "Allow", allow)
	}
}

// DoDELETE deletes a note.
func (h *API) DoDELETE() {
	switch id, allow := h.resource(); {
	case allow == onAll:
		h.fail(405, "", "Allow", allow)
	case allow == onNote && h.Notes.Delete(id):
		h.SendResponse(204, "")
		h.EndHeaders()
	case allow == onNote:
		h.SendError(404, "", fmt.Sprintf("There is no note %d", id))
	}
}

// DoPUT answers that notes stay as they are. Without it, PUT would be a 501: a
// verb that the server does not know.
func (h *API) DoPUT() {
	if _, allow := h.resource(); allow != "" {
		h.fail(405, "", "Allow", allow)
	}
}

// DoPATCH answers as DoPUT.
func (h *API) DoPATCH() { h.DoPUT() }

// DoOPTIONS answers a browser that asks what another site's page may do here.
func (h *API) DoOPTIONS() {
	if _, allow := h.resource(); allow != "" {
		h.SendResponse(204, "")
		h.SendHeader("Allow", allow)
		h.SendHeader("Access-Control-Allow-Methods", allow)
		h.SendHeader("Access-Control-Allow-Headers", "Content-Type")
		h.SendHeader("Access-Control-Max-Age", "600")
		h.EndHeaders()
	}
}

// EndHeaders lets the pages of every site read every answer.
func (h *API) EndHeaders() {
	h.SendHeader("Access-Control-Allow-Origin", "*")
	h.BaseHandler.EndHeaders()
}

// SendError answers in JSON, the library's own errors too.
func (h *API) SendError(code int, message, explain string) {
	if explain == "" {
		explain = message
	}
	h.fail(code, explain)
}

// LogRequest logs what went wrong here, and nothing else.
func (h *API) LogRequest(code int, size int64) {
	if code == 500 {
		h.BaseHandler.LogRequest(code, size)
	}
}

// read reads JSON into v, or answers why it cannot.
func (h *API) read(v any) bool {
	if t, _, _ := mime.ParseMediaType(h.Headers.Get("Content-Type")); t != "application/json" {
		h.fail(415, "Send application/json", "Accept", "application/json")
		return false
	}
	body, err := io.ReadAll(io.LimitReader(h.RFile, h.MaxBody+1))
	switch {
	case err != nil:
		return false // the library answers 400 or 408, by SendError
	case int64(len(body)) > h.MaxBody:
		h.SendError(413, "", fmt.Sprintf("%d bytes are the most", h.MaxBody))
		return false
	}
	if err := json.Unmarshal(body, v); err != nil {
		h.SendError(400, "", err.Error())
		return false
	}
	return true
}

// fail answers with an error. The fields are names and values in turn.
func (h *API) fail(code int, explain string, fields ...string) {
	standard := h.Responses[code]
	if explain == "" {
		explain = standard.Explain
	}
	h.reply(code, struct {
		Error   string `json:"error"`
		Explain string `json:"explain"`
	}{standard.Message, explain}, fields...)
}

// reply answers with v as JSON.
func (h *API) reply(code int, v any, fields ...string) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a mistake of ours: the server logs it and answers 500
	}
	h.SendResponse(code, "")
	h.SendHeader("Content-Type", "application/json")
	h.SendHeader("Content-Length", strconv.Itoa(len(body)))
	for i := 0; i < len(fields); i += 2 {
		h.SendHeader(fields[i], fields[i+1])
	}
	h.EndHeaders()
	h.WFile.Write(body)
}
