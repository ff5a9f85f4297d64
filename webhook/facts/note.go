package facts

import "strings"

// noteLimit is what the API server takes for the note of an Event (k8s.io/kubernetes pkg/apis/core/validation/events.go).
const noteLimit = 1024

// Note is a text, cut to what an Event may say.
func Note(text string) string {
	if len(text) <= noteLimit {
		return text
	}
	const more = "…"
	return strings.ToValidUTF8(text[:noteLimit-len(more)], "") + more
}
