import Glibc

/// What the kernel tells of this process in `/proc`; see proc_pid_stat(5).
struct ProcessReading: Equatable, Sendable {
    /// Processor time in user and kernel mode since the start, in seconds.
    var cpuSeconds: Double
    /// Memory that is in RAM, in bytes.
    var residentBytes: Int
    /// When the process started, in seconds after the machine did.
    var startSeconds: Double

    init(cpuSeconds: Double, residentBytes: Int, startSeconds: Double) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.startSeconds = startSeconds
    }

    /// Reads the text of `/proc/self/stat`; nil when it is not such a text.
    init?(stat: String, ticksPerSecond: Int, pageSize: Int) {
        // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
        guard let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(whereSeparator: \.isWhitespace)
        // The first field here is the third of the manual page, which counts from one.
        func field(_ number: Int) -> Int? { fields.count > number - 3 ? Int(fields[number - 3]) : nil }
        guard let user = field(14), let kernel = field(15), let start = field(22), let pages = field(24) else { return nil }
        self.init(
            cpuSeconds: Double(user + kernel) / Double(ticksPerSecond), residentBytes: pages * pageSize,
            startSeconds: Double(start) / Double(ticksPerSecond))
    }

    /// The process now. Where there is no `/proc`, everything is 0, which no running process has.
    static func current(stat: String? = text(ofFile: "/proc/self/stat")) -> ProcessReading {
        let ticks = sysconf(Int32(_SC_CLK_TCK))
        let page = sysconf(Int32(_SC_PAGESIZE))
        let reading = stat.flatMap { ProcessReading(stat: $0, ticksPerSecond: ticks, pageSize: page) }
        return reading ?? ProcessReading(cpuSeconds: 0, residentBytes: 0, startSeconds: 0)
    }

    /// How many file descriptors are open; 0 where there is no `/proc`.
    static func openFiles(directory path: String = "/proc/self/fd") -> Int {
        guard let directory = opendir(path) else { return 0 }
        defer { closedir(directory) }
        // `.`, `..` and the descriptor of this very listing do not count.
        var count = -3
        while readdir(directory) != nil { count += 1 }
        return count
    }

    /// When the machine started, in Unix seconds, from `/proc/stat`; 0 where there is none.
    static func bootTime(stat: String? = text(ofFile: "/proc/stat")) -> Double {
        let line = stat?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) } ?? 0
    }
}

/// The text of a small file of the kernel's, whose size is not known before it is read.
func text(ofFile path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
