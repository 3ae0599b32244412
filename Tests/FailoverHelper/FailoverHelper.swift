import Failover
import Glibc
import Lanes
import SpeechModel
import ZMQEdge

/// A node as a process, for tests that stop and kill it: `FailoverHelper NAME LEASE-DIRECTORY KEY-FILE LISTEN PEER`.
///
/// As primary it offers a number every few milliseconds and writes `shown NUMBER TERM TIME` for each one whose effects it may show; besides
/// `primary TERM HIGHEST-NUMBER TIME`, `standby TIME` and `incident …`. Ends at the end of its standard input, as a stop.
@main
enum FailoverHelper {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let name = NodeName(rawValue: arguments[1]) else { exit(64) }
        let key = try CurveSecretKey(file: arguments[3])
        let publisher = Publisher()
        let node = FailoverNode(
            settings: FailoverSettings(name: name, version: "test", model: "none"),
            arbiter: try LeaseFile(directory: arguments[2]),
            link: try ZeroMQLink(listen: arguments[4], peer: arguments[5], key: key), delegate: publisher)
        publisher.node.withLock { $0 = node }
        node.start()
        let isOver = Locked(false)
        spawnThread(name: "offers") {
            while !isOver.withLock({ $0 }) {
                publisher.offer()
                usleep(3000)
            }
        }
        await withCheckedContinuation { continuation in
            spawnThread(name: "stdin") {
                while readLine() != nil {}
                continuation.resume()
            }
        }
        await node.stop()
        isOver.withLock { $0 = true }
        write("stopped \(bootNanoseconds())")
    }

    /// One line, in one piece.
    static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count)
    }
}

/// The highest number.
struct Count: ReplicatedState {
    var highest = 0
    mutating func apply(_ record: [UInt8]) { highest = max(highest, Int(String(decoding: record, as: UTF8.self)) ?? 0) }
    var snapshot: [[UInt8]] { [Array("\(highest)".utf8)] }
}

final class Publisher: FailoverDelegate {
    let node = Locked<FailoverNode<Count>?>(nil)
    private let next = Locked<(term: Int, number: Int)?>(nil)

    func becamePrimary(term: Int, state: Count) {
        FailoverHelper.write("primary \(term) \(state.highest) \(bootNanoseconds())")
        next.withLock { $0 = (term, state.highest + 1) }
    }

    func becameStandby() {
        next.withLock { $0 = nil }
        FailoverHelper.write("standby \(bootNanoseconds())")
    }

    func incident(_ incident: FailoverIncident) { FailoverHelper.write("incident \(incident)") }

    func offer() {
        guard let node = node.withLock({ $0 }) else { return }
        let offered: (term: Int, number: Int)? = next.withLock { next in
            defer { next?.number += 1 }
            return next
        }
        guard let (term, number) = offered else { return }
        node.offer(Array("\(number)".utf8)) {
            if node.mayPublish { FailoverHelper.write("shown \(number) \(term) \(bootNanoseconds())") }
        }
    }
}
