import Foundation

/// What processes used, from /proc.
struct ProcessUse {
    /// Processor seconds, user and system, of a process alone.
    static func processorSeconds(_ process: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 12
        else { return 0 }
        return (Double(fields[11])! + Double(fields[12])!) / Double(sysconf(CInt(_SC_CLK_TCK)))
    }

    /// The same of this process.
    static var ownSeconds: Double { processorSeconds(getpid()) }

    /// Bytes of memory that are this process's own or its share of what it has in common with others (proportional set size).
    static func memory(_ process: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8) else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }
        return (line.flatMap { Double($0.split(separator: " ")[1]) } ?? 0) * 1024
    }

    /// A process, its children and theirs.
    static func family(of process: Int32) -> [Int32] {
        let children = (try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)) ?? ""
        let others = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        let more = others.filter { $0 != "\(process)" }.map {
            (try? String(contentsOfFile: "/proc/\(process)/task/\($0)/children", encoding: .utf8)) ?? ""
        }
        let ids = ([children] + more).joined(separator: " ").split(separator: " ").compactMap { Int32($0) }
        return [process] + ids.flatMap { family(of: $0) }
    }
}
