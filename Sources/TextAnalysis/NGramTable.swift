import Glibc

/// The logarithm of each n-gram's frequency in each of some languages: a hash table with open addressing over one flat array.
///
/// Twelve European languages make about 9,300 rows, 0.7 MB.
struct NGramTable: Sendable {
    /// Columns of a row.
    let languageCount: Int
    /// Power of two long and at most half full; 0 is empty.
    private var keys: [UInt64]
    /// The row of the key at the same index.
    private var rows: [Int32]
    private var logFrequencies: [Float]
    private let shift: UInt64

    /// Makes the table.
    ///
    /// - Parameters:
    ///   - profiles: One per language; the order gives the columns.
    ///   - floor: What is added to every frequency, so that an n-gram that a language never uses does not rule it out.
    init(_ profiles: [LanguageProfile], floor: Float) {
        languageCount = profiles.count
        let distinct = profiles.reduce(into: Set<UInt64>()) { $0.formUnion($1.frequencies.keys) }
        var capacity = 2
        while capacity < 2 * distinct.count { capacity *= 2 }
        keys = [UInt64](repeating: 0, count: capacity)
        rows = [Int32](repeating: 0, count: capacity)
        logFrequencies = [Float](repeating: log(floor), count: distinct.count * profiles.count)
        shift = UInt64(64 - capacity.trailingZeroBitCount)

        var count = 0
        for (column, profile) in profiles.enumerated() {
            for (key, frequency) in profile.frequencies {
                let slot = slot(of: key)
                if keys[slot] == 0 {
                    keys[slot] = key
                    rows[slot] = Int32(count)
                    count += 1
                }
                logFrequencies[Int(rows[slot]) * languageCount + column] = log(frequency + floor)
            }
        }
    }

    /// Adds the row of `key` to `sums`; false if no language knows this n-gram.
    func add(_ key: UInt64, to sums: inout [Float]) -> Bool {
        let slot = slot(of: key)
        guard keys[slot] != 0 else { return false }
        let start = Int(rows[slot]) * languageCount
        for column in 0..<languageCount { sums[column] += logFrequencies[start + column] }
        return true
    }

    /// Where `key` is, or the empty slot where it would be.
    private func slot(of key: UInt64) -> Int {
        // Fibonacci hashing: the upper bits of the product with 2⁶⁴/φ
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while keys[slot] != 0, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }
}
