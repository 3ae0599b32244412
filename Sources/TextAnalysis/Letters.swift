/// The letters of a text in lower case, with one space between words. Everything that is not a letter parts words.
///
/// Capitals are folded because recognisers disagree on writing them. Combining marks are left out, so that text in decomposed form
/// is read without its accents.
struct Letters: Sendable {
    /// A lower-case letter, or ``space``.
    private(set) var scalars: [UInt32] = []
    /// How many letters of each script, at the index of the script's raw value.
    private(set) var counts = [Int](repeating: 0, count: Script.allCases.count)

    static let space: UInt32 = 0x20

    /// Reads at most `limit` letters.
    init(of text: String, limit: Int) {
        scalars.reserveCapacity(min(text.utf8.count, 2 * limit))
        var rest = limit
        for scalar in text.unicodeScalars {
            if let letter = Self.fold(scalar) {
                guard rest > 0 else { return }
                rest -= 1
                counts[Int(Script(of: letter).rawValue)] += 1
                scalars.append(letter)
            } else if !Self.isCombiningMark(scalar), let last = scalars.last, last != Self.space {
                scalars.append(Self.space)
            }
        }
    }

    /// How many letters are written in `script`.
    func count(_ script: Script) -> Int { counts[Int(script.rawValue)] }

    /// The letter in lower case; nil for what is not a letter.
    static func fold(_ scalar: Unicode.Scalar) -> UInt32? {
        let value = scalar.value
        if value < 0x80 {
            let lower = value | 0x20
            return lower >= 0x61 && lower <= 0x7A ? lower : nil
        }
        let properties = scalar.properties
        guard properties.isAlphabetic else { return nil }
        // The first scalar is enough: only "İ" has two, and its second is a combining mark.
        return properties.isUppercase ? properties.lowercaseMapping.unicodeScalars.first?.value : value
    }

    private static func isCombiningMark(_ scalar: Unicode.Scalar) -> Bool { 0x300...0x36F ~= scalar.value }
}
