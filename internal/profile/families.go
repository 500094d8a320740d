package profile

// Architectures of instance types.
const (
	arm = "arm64"
	x86 = "x86_64"
)

// family is what the instance types of a family have in common.
type family struct {
	architecture string
	memory       int // MiB for each vCPU of a size
}

// families are those whose sizes differ in nothing but their number of vCPUs.
// Source: the price list of Amazon EC2 for us-east-1, November 2026.
var families = map[string]family{
	"a1": {arm, 2048}, "c3": {x86, 1920}, "c4": {x86, 1920}, "c5": {x86, 2048}, "c5a": {x86, 2048}, "c5ad": {x86, 2048},
	"c5d": {x86, 2048}, "c5n": {x86, 2688}, "c6a": {x86, 2048}, "c6g": {arm, 2048}, "c6gd": {arm, 2048}, "c6gn": {arm, 2048},
	"c6i": {x86, 2048}, "c6id": {x86, 2048}, "c6in": {x86, 2048}, "c7a": {x86, 2048}, "c7g": {arm, 2048}, "c7gd": {arm, 2048},
	"c7gn": {arm, 2048}, "c7i": {x86, 2048}, "c7i-flex": {x86, 2048}, "c8a": {x86, 2048}, "c8g": {arm, 2048}, "c8gb": {arm, 2048},
	"c8gd": {arm, 2048}, "c8gn": {arm, 2048}, "c8i": {x86, 2048}, "c8i-flex": {x86, 2048}, "c8ib": {x86, 2048}, "c8id": {x86, 2048},
	"c8in": {x86, 2048}, "c8ine": {x86, 2048}, "c9g": {arm, 2048}, "c9gd": {arm, 2048}, "d2": {x86, 7808}, "d3": {x86, 8192},
	"d3en": {x86, 4096}, "f2": {x86, 10923}, "g4ad": {x86, 4096}, "g4dn": {x86, 4096}, "g5": {x86, 4096}, "g5g": {arm, 2048},
	"g6": {x86, 4096}, "g6e": {x86, 8192}, "g6f": {x86, 4096}, "g7": {x86, 4096}, "gr6": {x86, 8192}, "gr6f": {x86, 8192},
	"h1": {x86, 4096}, "i2": {x86, 7808}, "i3": {x86, 7808}, "i3en": {x86, 8192}, "i4g": {arm, 8192}, "i4i": {x86, 8192},
	"i7i": {x86, 8192}, "i7ie": {x86, 8192}, "i8g": {arm, 8192}, "i8ge": {arm, 8192}, "im4gn": {arm, 4096}, "inf1": {x86, 2048},
	"inf2": {x86, 4096}, "is4gen": {arm, 6144}, "m2": {x86, 4378}, "m3": {x86, 3840}, "m4": {x86, 4096}, "m5": {x86, 4096},
	"m5a": {x86, 4096}, "m5ad": {x86, 4096}, "m5d": {x86, 4096}, "m5dn": {x86, 4096}, "m5n": {x86, 4096}, "m5zn": {x86, 4096},
	"m6a": {x86, 4096}, "m6g": {arm, 4096}, "m6gd": {arm, 4096}, "m6i": {x86, 4096}, "m6id": {x86, 4096}, "m6idn": {x86, 4096},
	"m6in": {x86, 4096}, "m7a": {x86, 4096}, "m7g": {arm, 4096}, "m7gd": {arm, 4096}, "m7i": {x86, 4096}, "m7i-flex": {x86, 4096},
	"m8a": {x86, 4096}, "m8azn": {x86, 4096}, "m8g": {arm, 4096}, "m8gb": {arm, 4096}, "m8gd": {arm, 4096}, "m8gn": {arm, 4096},
	"m8i": {x86, 4096}, "m8i-flex": {x86, 4096}, "m8ib": {x86, 4096}, "m8id": {x86, 4096}, "m8idb": {x86, 4096}, "m8idn": {x86, 4096},
	"m8in": {x86, 4096}, "m8ine": {x86, 4096}, "m9g": {arm, 4096}, "m9gd": {arm, 4096}, "p3dn": {x86, 8192}, "p4d": {x86, 12288},
	"p4de": {x86, 12288}, "p5en": {x86, 10923}, "p6-b200": {x86, 10923}, "p6-b300": {x86, 21845}, "r4": {x86, 7808}, "r5": {x86, 8192},
	"r5a": {x86, 8192}, "r5ad": {x86, 8192}, "r5b": {x86, 8192}, "r5d": {x86, 8192}, "r5dn": {x86, 8192}, "r5n": {x86, 8192},
	"r6a": {x86, 8192}, "r6g": {arm, 8192}, "r6gd": {arm, 8192}, "r6i": {x86, 8192}, "r6id": {x86, 8192}, "r6idn": {x86, 8192},
	"r6in": {x86, 8192}, "r7a": {x86, 8192}, "r7g": {arm, 8192}, "r7gd": {arm, 8192}, "r7i": {x86, 8192}, "r7iz": {x86, 8192},
	"r8a": {x86, 8192}, "r8g": {arm, 8192}, "r8gb": {arm, 8192}, "r8gd": {arm, 8192}, "r8gn": {arm, 8192}, "r8i": {x86, 8192},
	"r8i-flex": {x86, 8192}, "r8ib": {x86, 8192}, "r8id": {x86, 8192}, "r8idb": {x86, 8192}, "r8idn": {x86, 8192}, "r8in": {x86, 8192},
	"t2": {x86, 4096}, "t3": {x86, 4096}, "t3a": {x86, 4096}, "t4g": {arm, 4096}, "trn1": {x86, 4096}, "trn1n": {x86, 4096},
	"vt1": {x86, 2048}, "x1": {x86, 15616}, "x1e": {x86, 31232}, "x2gd": {arm, 16384}, "x2idn": {x86, 16384}, "x2iedn": {x86, 32768},
	"x2iezn": {x86, 32768}, "x8g": {arm, 16384}, "x8i": {x86, 16384}, "z1d": {x86, 8192},
}
