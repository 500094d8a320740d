package pipeline

// node is a value of a document, however the document is written.
type node struct {
	kind  nodeKind
	text  string // of a scalar, as written
	items []*node
	keys  []member // in the order of the document
	pos   position // zero in JSON
	size  int      // nodes in here, aliases counted as often as they are used
}

type member struct {
	name  string
	pos   position
	value *node
}

type nodeKind string

const (
	nullNode nodeKind = "nothing"
	textNode nodeKind = "a string"
	boolNode nodeKind = "true or false"
	numNode  nodeKind = "a number"
	listNode nodeKind = "a list"
	mapNode  nodeKind = "a table"
)

// The bounds of a document. A pipeline has a handful of jobs; anything near
// these is a mistake or an attack.
const (
	maxBytes  = 256 << 10
	maxNodes  = 20_000
	maxTokens = 60_000
	maxDepth  = 16
)

// get returns the value of the key name, or nil.
func (n *node) get(name string) *node {
	for _, m := range n.keys {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// syntaxError is a fault in the document itself: nothing after it can be read.
type syntaxError struct {
	pos position
	msg string
}

func (e *syntaxError) Error() string { return e.msg }
