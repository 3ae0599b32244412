import Glibc
import Lanes
import SpeechModel

/// A `FailoverHelper` process and what it has written.
final class NodeProcess: Sendable {
    struct Shown: Equatable, Sendable {
        var number: Int
        var term: Int
        var time: UInt64
    }

    struct Primary: Equatable, Sendable {
        var term: Int
        var highest: Int
        var time: UInt64
    }

    let id: pid_t
    private let input: CInt
    private let lines = Locked<[String]>([])
    private let ended = BlockingQueue<Void>()

    init(_ arguments: [String]) {
        var (input, output): ([CInt], [CInt]) = ([0, 0], [0, 0])
        precondition(pipe(&input) == 0 && pipe(&output) == 0)
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        let program = Self.program
        var list: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var id: pid_t = 0
        precondition(posix_spawn(&id, program, &actions, nil, &list, environ) == 0, "no \(program)")
        for string in list { free(string) }
        posix_spawn_file_actions_destroy(&actions)
        close(input[0])
        close(output[1])
        self.id = id
        self.input = input[1]
        let reading = output[0]
        spawnThread(name: "node-output") { [lines, ended] in
            var rest: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(reading, &buffer, buffer.count)
                if count <= 0 { break }
                rest += buffer[..<count]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: rest[..<end], as: UTF8.self)
                    lines.withLock { $0.append(line) }
                    rest.removeSubrange(...end)
                }
            }
            close(reading)
            ended.push(())
        }
    }

    /// The program beside the test bundle.
    private static var program: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        return path[..<path.lastIndex(of: "/")!] + "/FailoverHelper"
    }

    private func words(_ first: String) -> [[Substring]] {
        lines.withLock { $0 }.map { $0.split(separator: " ") }.filter { $0.first == first[...] }
    }

    var shown: [Shown] { words("shown").map { Shown(number: Int($0[1])!, term: Int($0[2])!, time: UInt64($0[3])!) } }
    var reigns: [Primary] { words("primary").map { Primary(term: Int($0[1])!, highest: Int($0[2])!, time: UInt64($0[3])!) } }
    var incidents: [String] { words("incident").map { String($0[1].dropLast()) } }
    var all: [String] { lines.withLock { $0 } }

    func signal(_ signal: CInt) { kill(id, signal) }

    /// Ends the process as a stop does, or reaps one that was killed.
    func end() {
        close(input)
        ended.pop()
        var status: CInt = 0
        waitpid(id, &status, 0)
    }
}
