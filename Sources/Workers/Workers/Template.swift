import CWorkers
import Glibc
import SpeechModel

/// The parent's view of the process that loads a model once and forks decoders (see ``WorkerProcess``). Used on the supervisor's thread.
final class Template {
    enum News {
        case nothing
        case loaded
        case stepped
        case failed(String)
        case ended
    }

    let control: CInt
    private(set) var errors: CInt?
    let startedAt: UInt64
    private(set) var isLoaded = false
    /// Utterances that it decodes in real time, where it has measured that.
    private(set) var realTimeStreams: Int?
    /// What a process that does jobs tells of its model.
    private(set) var greeting: [JobValue] = []
    private(set) var lastErrors: [String] = []
    /// What a process with one model for all has done since this was last emptied.
    var steps: [ModelStep] = []
    let processID: pid_t
    private var reader = MessageReader()
    private var partialLine: [UInt8] = []
    private var ending: String?

    init(command: [String], startedAt: UInt64) throws {
        self.startedAt = startedAt
        let (parent, child) = try makeSocketPair()
        var pipes: [CInt] = [-1, -1]
        guard workers_pipe(&pipes) == 0 else { throw systemError("pipe2") }
        defer {
            close(child)
            close(pipes[1])
        }
        control = parent
        errors = pipes[0]
        _ = fcntl(pipes[0], F_SETFL, O_NONBLOCK)

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var processID = pid_t()
        let result = workers_spawn(arguments, child, pipes[1], &processID)
        guard result == 0 else {
            close(parent)
            close(pipes[0])
            throw SpeechError(
                .missingDependency, "The worker program \(command[0]) cannot be started: \(String(cString: strerror(result))).",
                advice: "Check that the file exists and may be executed.")
        }
        self.processID = processID
    }

    /// Asks for one more decoder: its socket, on which it will say hello; nil when the template is gone.
    func fork() -> CInt? {
        guard let (parent, child) = try? makeSocketPair() else { return nil }
        defer { close(child) }
        guard workers_send_descriptor(control, child) == 0 else {
            close(parent)
            return nil
        }
        return parent
    }

    func listen(_ buffer: inout [UInt8]) -> News {
        let count = buffer.withUnsafeMutableBytes { recv(control, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) }
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return .nothing }
        guard count > 0 else { return .ended }
        buffer.withUnsafeBytes { reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        var news = News.nothing
        while let message = try? reader.next() { news = take(message.0, message.1) }
        return news
    }

    private func take(_ header: WorkerMessage.Header, _ bytes: ArraySlice<UInt8>) -> News {
        var payload = PayloadReader(bytes)
        switch header.kind {
        case .progress:
            if let utterances = payload.integer(), let microseconds = payload.integer() {
                steps.append(ModelStep(utterances: Int(utterances), microseconds: Int(microseconds)))
            }
            return .stepped
        case .hello:
            _ = payload.integer()
            realTimeStreams = payload.integer().map(Int.init)
            var reader = MessageReader()
            payload.rest.withUnsafeBytes { reader.append($0) }
            while let (_, value) = try? reader.next() { if let value = JobValue(value) { greeting.add(value) } }
            isLoaded = true
            return .loaded
        default:
            return .failed(payload.text() ?? "unknown reason")
        }
    }

    /// The lines that the workers printed since the last call; the last few are kept to explain an end.
    func readErrors(_ buffer: inout [UInt8]) -> [String] {
        guard let errors else { return [] }
        let count = buffer.withUnsafeMutableBytes { read(errors, $0.baseAddress, $0.count) }
        if count == 0 {
            close(errors)
            self.errors = nil
        }
        guard count > 0 else { return [] }
        partialLine.append(contentsOf: buffer[..<count])
        var lines: [String] = []
        while let end = partialLine.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: partialLine[..<end].prefix(500), as: UTF8.self)
            if !line.allSatisfy(\.isWhitespace) { lines.append(line) }
            partialLine.removeFirst(end + 1)
        }
        if partialLine.count > 4096 { partialLine = [] }
        lastErrors = (lastErrors + lines).suffix(8)
        return lines
    }

    /// How the process ended, for its operator; nil while it has not.
    func howItEnded() -> String? {
        var status: CInt = 0
        // It closes its sockets a moment before it can be reaped.
        for _ in 0..<20 where ending == nil {
            guard waitpid(processID, &status, WNOHANG) == processID else {
                usleep(1000)
                continue
            }
            let signal = status & 0x7F
            ending = signal == 0 ? "status \(status >> 8 & 0xFF)" : "signal \(signal), \(String(cString: strsignal(signal)))"
        }
        return ending
    }

    /// Ends the template, which takes its forks along, and reaps it. It ends by itself when it hears nobody any more; one that does not
    /// within `patienceMS` is killed.
    func end(patienceMS: Int) {
        close(control)
        if let errors { close(errors) }
        errors = nil
        guard ending == nil else { return }
        var status: CInt = 0
        for _ in 0..<patienceMS / 5 {
            if waitpid(processID, &status, WNOHANG) == processID { return }
            usleep(5000)
        }
        Glibc.kill(processID, SIGKILL)
        while waitpid(processID, &status, 0) < 0 && errno == EINTR {}
    }
}

private func makeSocketPair() throws -> (parent: CInt, child: CInt) {
    var pair: [CInt] = [-1, -1]
    guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
        throw systemError("socketpair")
    }
    return (pair[0], pair[1])
}

private func systemError(_ call: String) -> SpeechError {
    SpeechError(
        .internalError, "\(call) failed: \(String(cString: strerror(errno))).",
        advice: "The limit of open files may be reached: raise it with `ulimit -n` or LimitNOFILE.")
}
