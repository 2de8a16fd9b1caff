// Package simulator says what policies would decide, why, and where that stands in
// them: SimulatePrincipalPolicy and SimulateCustomPolicy of AWS IAM.
//
// It asks the engine that judges real calls, so that the two never differ; what it
// adds is which statements decided, which condition keys were missing, and what each
// kind of policy says by itself.
//
// A stranger says how many actions, resources, policies and condition keys there are.
// So resources and keys are bounded, and so is the work of a call: what does not fit
// goes onto the next page, and an action that does not fit on a page of its own is
// refused.
//
// It knows no organisations, and no ARNs by service: whether a resource is one that
// an action could be about, nobody asks.
package simulator
