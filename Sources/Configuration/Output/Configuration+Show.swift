import SpeechModel

extension Configuration {
    /// The effective configuration as a table: key, value, origin. Secrets are shown as the file that they are read from.
    public var table: String {
        let rows =
            [["KEY", "VALUE", "ORIGIN"]]
            + Setting.all.map { setting in
                let value = setting.read(settings).plain
                return [setting.key, value.isEmpty ? "-" : value, origin(of: setting.key).description]
            }
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count + 2) }.joined() + row[2] + "\n"
        }.joined()
    }

    /// The same as JSON: `{"files":[…],"hash":"…","settings":{"audio.frame_ms":{"value":20,"origin":"default"},…}}`.
    public var json: String {
        let values = Setting.all.map { setting -> (String, JSON) in
            (setting.key, ["value": setting.read(settings), "origin": .string(origin(of: setting.key).description)])
        }
        return JSON.object([
            "files": .array(files.map(JSON.string)), "hash": .string(hash),
            "settings": .object(Dictionary(uniqueKeysWithValues: values)),
        ]).pretty
    }

    /// 16 hexadecimal digits that tell whether two servers run with the same values: FNV-1a, 64 bits, over `key=value` lines.
    ///
    /// Origins and the contents of secret files do not take part. It detects a difference, it does not authenticate.
    public var hash: String {
        let text = Setting.all.map { "\($0.key)=\($0.read(settings).plain)\n" }.joined()
        return fnv1a(text)
    }
}

/// FNV-1a with 64 bits (draft-eastlake-fnv), as 16 hexadecimal digits.
func fnv1a(_ text: String) -> String {
    hexadecimal(text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
}
