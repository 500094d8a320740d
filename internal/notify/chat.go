package notify

import "strings"

// chat is a custom notification of Amazon Q Developer in chat applications:
// https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
type chat struct {
	Version  string       `json:"version"`
	Source   string       `json:"source"`
	ID       string       `json:"id"`
	Content  chatContent  `json:"content"`
	Metadata chatMetadata `json:"metadata"`
}

type chatContent struct {
	TextType    string   `json:"textType"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	NextSteps   []string `json:"nextSteps,omitempty"`
	Keywords    []string `json:"keywords,omitempty"`
}

type chatMetadata struct {
	ThreadID  string            `json:"threadId"`
	Summary   string            `json:"summary"`
	EventType string            `json:"eventType"`
	Context   map[string]string `json:"additionalContext,omitempty"`
}

// Chat is the message as Amazon Q Developer expects it on a topic.
func (m Message) Chat() any {
	var lines []string
	for _, f := range m.facts() {
		if f.Name == "Next" || f.Name == "Or" || f.Name == "Message" {
			continue
		}
		lines = append(lines, "*"+f.Name+"*: "+escaped(f.Value))
	}
	for _, line := range m.Lines {
		lines = append(lines, "> "+escaped(line))
	}
	var steps []string
	for _, command := range m.Next {
		steps = append(steps, "Run `"+command+"`")
	}
	words := []string{m.Stage, m.Pipeline, m.Team, m.Class}
	return chat{
		Version: "1.0", Source: "custom", ID: m.ID,
		Content: chatContent{
			TextType: "client-markdown", Title: clip(mark(m.Kind)+" "+escaped(m.Headline), 250),
			Description: clip(m.opening()+"\n"+strings.Join(lines, "\n"), 8000), NextSteps: steps, Keywords: filled(words),
		},
		Metadata: chatMetadata{
			ThreadID: m.Thread, Summary: escaped(m.opening()), EventType: string(m.Kind),
			Context: map[string]string{"run": m.RunID, "state": m.State},
		},
	}
}

func mark(k Kind) string {
	switch k {
	case Success, Resolved:
		return ":white_check_mark:"
	case Deadline, Approval, Budget:
		return ":hourglass:"
	case Failure, Rejected:
	}
	return ":x:"
}

// escaped keeps text of jobs from being a mention, a link or markup.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'", "*", "∗", "@", "@\u200b").Replace(text)
}

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-3], "") + "…"
}

func filled(words []string) (out []string) {
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
