package inflate

const endOfBlock = 256

// What the symbols mean (RFC 1951, 3.2.5 and 3.2.7). The fixed codes have symbols beyond maxLit
// and maxDist, which must not occur.
var (
	litMeanings  = makeLitMeanings()
	distMeanings = makeDistMeanings()

	lengthMeanings = makeLengthMeanings()

	fixedLit  = makeFixedLit()
	fixedDist = makeFixedDist()
)

func makeLitMeanings() (m [maxLit + 2]entry) {
	for i := range endOfBlock {
		m[i] = literal | meaning(i, 0)
	}
	m[endOfBlock] = end
	length := 3
	for i := endOfBlock + 1; i < maxLit-1; i++ {
		extra := max(0, (i-endOfBlock-5)/4)
		m[i] = meaning(length, extra)
		length += 1 << extra
	}
	m[maxLit-1] = meaning(258, 0)
	m[maxLit], m[maxLit+1] = missing, missing
	return m
}

func makeDistMeanings() (m [maxDist + 2]entry) {
	dist := 1
	for i := range maxDist {
		extra := max(0, i/2-1)
		m[i] = meaning(dist, extra)
		dist += 1 << extra
	}
	m[maxDist], m[maxDist+1] = missing, missing
	return m
}

func makeLengthMeanings() (m [lengthSymbols]entry) {
	for i := range maxBits + 1 {
		m[i] = literal | meaning(i, 0)
	}
	m[16] = previous | meaning(3, 2)
	m[17] = meaning(3, 3)
	m[18] = meaning(11, 7)
	return m
}

func makeFixedLit() (t table) {
	for i := range maxLit + 2 {
		n := uint(8)
		switch {
		case i >= 144 && i < 256:
			n = 9
		case i >= 256 && i < 280:
			n = 7
		}
		t.add(i, n)
	}
	t.build(litMeanings[:])
	return t
}

func makeFixedDist() (t table) {
	for i := range maxDist + 2 {
		t.add(i, 5)
	}
	t.build(distMeanings[:])
	return t
}
