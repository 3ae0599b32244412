import Glibc

/// A directory for one test.
struct TemporaryDirectory {
    let path: String

    init() {
        var name = Array("/tmp/mynah-failover-XXXXXX".utf8CString)
        precondition(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func names() -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    func remove() {
        for name in names() { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
