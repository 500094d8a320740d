package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode"
)

// Hive replaces ${x} in a script by the text of the variable, before it parses the
// script. So that a value stays inside the literal '${x}', what a template inserts
// into the values of a hive job is escaped; the text around it is the author's.

// hiveFunction is the name of asHive in templates. Authors cannot call it: it is
// defined after their text has been parsed.
const hiveFunction = "_hive"

// escapeForHive appends asHive to every action of t.
func escapeForHive(t *template.Template) {
	t.Funcs(template.FuncMap{hiveFunction: asHive})
	for _, each := range t.Templates() {
		if each.Tree != nil {
			escapeNodes(each.Tree, each.Root)
		}
	}
}

func escapeNodes(tree *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 { // it prints
				name := parse.NewIdentifier(hiveFunction).SetTree(tree).SetPos(n.Pos)
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{name}})
			}
		case *parse.IfNode:
			escapeNodes(tree, n.List)
			escapeNodes(tree, n.ElseList)
		case *parse.WithNode:
			escapeNodes(tree, n.List)
			escapeNodes(tree, n.ElseList)
		}
	}
}

var hiveEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`)

// asHive is v as it stands in a literal of Hive's language, in quotes of either
// kind. What would be read before literals are cannot be escaped: references to
// other variables, the ends of statements and lines, and quotes of names.
// Source: Apache Hive LanguageManual, "VariableSubstitution" and "Literals".
func asHive(v any) (string, error) {
	s := fmt.Sprint(v)
	switch {
	case strings.Contains(s, "${") || strings.HasSuffix(s, "$"):
		return "", errors.New(`a value contains "${" or ends in "$", with which Hive begins a variable; ` + otherWay)
	case strings.ContainsAny(s, ";`"):
		return "", errors.New("a value contains a semicolon or a backtick, which can end a statement or a name of Hive; " + otherWay)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return "", errors.New("a value contains a line break or another control character, which Hive does not take in a literal; " + otherWay)
	}
	return hiveEscapes.Replace(s), nil
}

const otherWay = "rename the object, correct the value, or pass it to a spark job, whose arguments are not SQL"
