/// One to three letters in a row, packed into 63 bits; a space stands for the edge of a word.
enum NGram {
    /// The longest n-gram, in letters.
    static let longest = 3

    /// Packs one to three scalars; nil for more or fewer.
    static func key(_ scalars: some Collection<UInt32>) -> UInt64? {
        guard (1...longest).contains(scalars.count) else { return nil }
        return scalars.reduce(0) { $0 << 21 | UInt64($1) }
    }

    /// How many scalars are packed in `key`.
    static func length(of key: UInt64) -> Int { key >> 42 != 0 ? 3 : key >> 21 != 0 ? 2 : 1 }

    /// Calls `body` with every n-gram of the words in `letters` that are written in `script`. The edges of words take part in pairs
    /// and triples, but are none by themselves.
    static func forEach(in letters: Letters, of script: Script, _ body: (UInt64) -> Void) {
        let edge = UInt64(Letters.space)
        var last = edge
        var beforeLast: UInt64 = 0  // 0: outside of words

        func emit(_ next: UInt64) {
            if next != edge { body(next) }
            body(last << 21 | next)
            if beforeLast != 0 { body((beforeLast << 21 | last) << 21 | next) }
        }
        func endWord() {
            if last != edge { emit(edge) }
            (beforeLast, last) = (0, edge)
        }

        for scalar in letters.scalars {
            if scalar != Letters.space, Script(of: scalar) == script {
                let next = UInt64(scalar)
                emit(next)
                (beforeLast, last) = (last, next)
            } else {
                endWord()
            }
        }
        endWord()
    }
}
