/// The script of a letter, as far as it tells languages apart.
enum Script: UInt8, CaseIterable, Sendable {
    case latin, cyrillic, greek, hebrew, arabic, indic, thai, han, kana, hangul, other

    /// The script by Unicode block; `scalar` is a letter.
    init(of scalar: UInt32) {
        self =
            switch scalar {
            case 0...0x24F, 0x1E00...0x1EFF: .latin
            case 0x370...0x3FF, 0x1F00...0x1FFF: .greek
            case 0x400...0x52F: .cyrillic
            case 0x590...0x5FF: .hebrew
            case 0x600...0x6FF, 0x750...0x77F: .arabic
            case 0x900...0xDFF: .indic
            case 0xE00...0xE7F: .thai
            case 0x3040...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9D: .kana
            case 0x3005, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x323AF: .han
            case 0x1100...0x11FF, 0x3130...0x318F, 0xAC00...0xD7AF: .hangul
            default: .other
            }
    }

    /// Whether Chinese, Japanese or Korean is written with it.
    var isEastAsian: Bool { self == .han || self == .kana || self == .hangul }

    /// How much of a text one letter is: a syllable or a word sign says about as much as two letters of an alphabet.
    var weight: Int { isEastAsian ? 2 : 1 }
}
