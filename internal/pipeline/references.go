package pipeline

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"
)

// references checks a template without filling it in: which functions it calls
// and which parts of the Context it names.
type references struct {
	rules  *rules
	needs  map[string]bool // jobs whose outputs may be used
	job    string          // "" for checks
	only   []string        // the fields that may be used; nil = all
	shown  bool            // the value is recorded and shown, so that it must not be sensitive
	faults []string
	// usesJobs says that the template depends on other jobs' outputs.
	usesJobs bool

	declared map[string]value // variables of the template
	dot      value            // where the dot is not the Context
}

// templateFaults returns what is wrong with a template.
func (r *references) templateFaults(text string) []string {
	if !isTemplate(text) && len(text) <= maxRendered {
		return nil
	}
	t, err := compile(text, Context{})
	if err != nil {
		return []string{err.Error()}
	}
	r.faults, r.declared, r.dot = nil, map[string]value{}, value{}
	if len(t.Templates()) > 1 {
		return []string{"define and block are not supported in pipelines; write the value itself"}
	}
	if t.Tree != nil {
		r.list(t.Root, true)
	}
	return r.faults
}

func (r *references) fault(format string, args ...any) {
	if msg := fmt.Sprintf(format, args...); !slices.Contains(r.faults, msg) {
		r.faults = append(r.faults, msg)
	}
}

// list walks statements; root says that the dot is the Context here.
func (r *references) list(l *parse.ListNode, root bool) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			r.pipe(n.Pipe, root)
			r.wholeTable(n.Pipe, root)
		case *parse.IfNode:
			r.branch(&n.BranchNode, root, root)
		case *parse.WithNode:
			r.branch(&n.BranchNode, root, false)
		case *parse.TextNode, *parse.CommentNode:
		default: // range, template, break, continue
			word, _, _ := strings.Cut(strings.Trim(n.String(), "{}- "), " ")
			r.fault("%s is not supported in pipelines; a template yields a single value", word)
		}
	}
}

func (r *references) branch(n *parse.BranchNode, root, inside bool) {
	v := r.pipe(n.Pipe, root)
	if len(n.Pipe.Decl) == 0 {
		r.condition(v)
	}
	outer := r.dot
	if n.NodeType == parse.NodeWith {
		r.dot = v
	}
	r.list(n.List, inside)
	r.dot = outer
	r.list(n.ElseList, root)
}

// wholeTable refuses {{.Params}}, which would print Go's idea of a map.
func (r *references) wholeTable(p *parse.PipeNode, root bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return
	}
	if name := refOf(p.Cmds[0].Args[0], root); len(name) == 1 && slices.Contains(tableFields, name[0]) {
		r.fault(".%s is a table; name an entry: {{.%[1]s.<name>}}", name[0])
	}
}

// pipe checks a pipeline of calls and returns what it yields.
func (r *references) pipe(p *parse.PipeNode, root bool) value {
	var last value
	for i, c := range p.Cmds {
		var piped []value
		if i > 0 {
			piped = []value{last}
		}
		last = r.command(c, root, piped)
	}
	for _, d := range p.Decl {
		if _, again := r.declared[d.Ident[0]]; again || p.IsAssign {
			r.declared[d.Ident[0]] = value{} // which one it is depends on the run
			continue
		}
		r.declared[d.Ident[0]] = last
	}
	return last
}

// command checks a call or a value; piped is the one more argument that it gets.
func (r *references) command(c *parse.CommandNode, root bool, piped []value) value {
	nodes, fn := c.Args, ""
	f, isCall := c.Args[0].(*parse.IdentifierNode)
	if isCall {
		nodes, fn = c.Args[1:], f.Ident
	}
	args := make([]value, 0, len(c.Args))
	for _, arg := range nodes {
		args = append(args, r.argument(fn, arg, root))
	}
	if !isCall {
		return args[0]
	}
	v := r.call(fn, nodes, append(args, piped...), root)
	v.shown = "(" + c.String() + ")"
	return v
}

// argument checks an argument of fn, or with no fn a value alone, and returns its type.
func (r *references) argument(fn string, arg parse.Node, root bool) value {
	switch arg := arg.(type) {
	case *parse.ChainNode:
		r.chain(arg, root)
		return value{shown: arg.String()}
	case *parse.DotNode:
		if root {
			r.fault(`"." is the whole context; name a field, like {{.RunID}}`)
		}
	case *parse.PipeNode:
	default:
		name := refOf(arg, root)
		r.field(name)
		if takesTable := fn == "" || fn == "index"; !takesTable && len(name) == 1 && slices.Contains(tableFields, name[0]) {
			r.fault(".%s is a table; name an entry: .%[1]s.<name>", name[0])
		}
	}
	return r.typeOf(arg, root)
}

func (r *references) chain(c *parse.ChainNode, root bool) {
	if p, ok := c.Node.(*parse.PipeNode); ok {
		r.pipe(p, root)
	}
}

func (r *references) call(name string, nodes []parse.Node, args []value, root bool) value {
	if f, ok := (Context{}).funcs()[name]; ok {
		if !r.arity(name, reflect.TypeOf(f), len(args)) {
			return value{}
		}
	} else if !slices.Contains(builtins, name) {
		r.fault("%v", unknownFunction(name))
	}
	v := r.typed(name, args)
	if len(args) > len(nodes) {
		r.piped(name)
	}
	switch {
	case len(nodes) == 0:
	case name == "output":
		r.output(nodes[0])
	case name == "index":
		of := indexed(nodes, root)
		r.field(of)
		r.typeOfField(&v, of)
	}
	return v
}

// piped rejects functions that in a pipe do the reverse of what is read: the piped value is their last argument.
func (r *references) piped(name string) {
	switch name {
	case "sub":
		r.fault("sub in a pipe would subtract the value from its argument; write {{sub value 1}} or {{value | add -1}}")
	case "lt", "le", "gt", "ge":
		r.fault("%s in a pipe would compare its argument with the value, not the value with its argument; write {{%[1]s value other}}", name)
	}
}

// output checks a call of output by its first argument.
func (r *references) output(node parse.Node) {
	if r.only != nil {
		r.fault("output cannot be used here")
		return
	}
	r.usesJobs = true
	if job, ok := node.(*parse.StringNode); ok {
		r.jobRef(job.Text)
	}
}

func (r *references) arity(name string, f reflect.Type, n int) bool {
	want := f.NumIn()
	if !f.IsVariadic() && n != want || f.IsVariadic() && n < want-1 {
		r.fault("%s takes %d arguments, got %d", name, want, n)
		return false
	}
	return true
}

// indexed returns the reference in index .Params "x".
func indexed(args []parse.Node, root bool) []string {
	name := refOf(args[0], root)
	if len(name) == 0 {
		return nil
	}
	for _, a := range args[1:] {
		s, ok := a.(*parse.StringNode)
		if !ok {
			return nil
		}
		name = append(slices.Clip(name), s.Text)
	}
	return name
}

// refOf returns the fields of the Context that n names, or nothing.
func refOf(n parse.Node, root bool) []string {
	switch n := n.(type) {
	case *parse.FieldNode:
		if root {
			return n.Ident
		}
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			return n.Ident[1:]
		}
	}
	return nil
}

func (r *references) field(name []string) {
	if len(name) == 0 {
		return
	}
	r.usesJobs = r.usesJobs || name[0] == "Jobs"
	switch {
	case r.only != nil && !slices.Contains(r.only, name[0]):
		r.fault(".%s cannot be used here; use one of .%s", strings.Join(name, "."), strings.Join(r.only, ", ."))
	case slices.Contains(textFields, name[0]):
		if len(name) > 1 {
			r.fault(".%s is a string; remove .%s", name[0], strings.Join(name[1:], "."))
		}
	case !slices.Contains(tableFields, name[0]):
		known := slices.Concat(textFields, tableFields)
		r.fault("no such field .%s; %s", name[0], didYouMean(closest(name[0], known), known))
	case len(name) > 1:
		r.entry(name[0], name[1:])
	}
}

func (r *references) entry(table string, name []string) {
	if table == "Jobs" {
		r.jobEntry(name)
		return
	}
	if known, ok := r.entries(table); ok && !slices.Contains(known, name[0]) {
		if len(known) == 0 && table == "Vars" {
			r.fault("no .Vars.%s; the stage has no vars: add it to vars in the stage's file", name[0])
		} else {
			r.fault("no .%s.%s; %s", table, name[0], didYouMean(closest(name[0], known), known))
		}
	}
	if r.shown && table == "Params" && r.rules.spec.Params[name[0]].Sensitive {
		r.fault(".Params.%s is sensitive, and this value is recorded and shown; use another param", name[0])
	}
	if len(name) > 1 {
		r.fault(".%s.%s is a string; remove .%s", table, name[0], strings.Join(name[1:], "."))
	}
}

// jobEntry checks a reference to the outputs or the state of a job.
func (r *references) jobEntry(name []string) {
	r.jobRef(name[0])
	state := len(name) == 2 && name[1] == "State"
	if len(name) > 1 && name[1] != "Outputs" && !state || len(name) > 3 {
		r.fault(".Jobs.%s is unknown; write .Jobs.<job>.Outputs.<key> or .Jobs.<job>.State", strings.Join(name, "."))
	}
}

// entries returns the names of a table's entries; those of a stage may not be known here.
func (r *references) entries(table string) (names []string, known bool) {
	switch table {
	case "Params":
		return sorted(r.rules.spec.Params), true
	case "Trigger":
		return TriggerKeys, true
	case "Interval":
		return intervalKeys, true
	case "Lake":
		return r.rules.zones, r.rules.zones != nil
	default:
		return r.rules.vars, r.rules.vars != nil
	}
}

// jobRef checks that the outputs of a job are there when they are asked for.
func (r *references) jobRef(name string) {
	jobs := r.rules.spec.Jobs
	switch {
	case r.needs[name]:
	case name == r.job:
		r.fault("a job cannot use its own outputs; remove %q", name)
	case slices.ContainsFunc(jobs, func(j Job) bool { return j.Name == name }):
		r.fault("job %q may not have run yet; add it to needs", name)
	default:
		var known []string
		for _, j := range jobs {
			known = append(known, j.Name)
		}
		r.fault("there is no job %q; %s", name, didYouMean(closest(name, known), known))
	}
}

// Functions are the names of the functions that templates can call, sorted.
func Functions() []string {
	return slices.Sorted(slices.Values(append(sorted(Context{}.funcs()), builtins...)))
}
