// The shim's pure part.
