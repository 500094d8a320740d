package pipeline

// notYet reports the keys that are part of the file format but not implemented
// yet. Remove a key here when it is implemented.
func (r *rules) notYet() {
	refuse := func(used bool, p *place, what, advice string) {
		if used {
			r.fault(p, "%s not available yet; %s", what, advice)
		}
	}
	targets := func(p *place, names []string) {
		for i, t := range names {
			refuse(t != "owner" && !isEmail(t), p.index(i), "a target other than \"owner\" or an e-mail address is", "use one of these")
		}
	}
	targets(root("notify").key("failure"), r.spec.Notify.Failure)
	targets(root("notify").key("success"), r.spec.Notify.Success)
}
