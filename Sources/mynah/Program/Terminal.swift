import Foundation
import SpeechModel

/// The standard output or error, with what a terminal can do if it is one.
struct Terminal: Sendable {
    static let output = Terminal(STDOUT_FILENO)
    static let error = Terminal(STDERR_FILENO)

    /// How text looks (ECMA-48 §8.3.117).
    enum Style: String {
        case plain = "0"
        case bold = "1"
        case dim = "2"
        case grey = "90"
        case dimItalic = "2;3"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    /// Whether lines can be drawn again.
    let isTerminal: Bool
    /// Whether styles are shown: on a terminal, unless `NO_COLOR` is set (no-color.org).
    let hasColour: Bool
    private let descriptor: CInt

    private init(_ descriptor: CInt) {
        let environment = ProcessInfo.processInfo.environment
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        hasColour = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Columns, as they are now; 80 when unknown.
    var width: Int {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Writes at once. What cannot be written is lost: nobody reads it.
    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes.removeFirst(count)
            } else if errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }

    /// The text in a style, where styles are shown.
    func styled(_ text: String, _ style: Style) -> String {
        hasColour && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}

/// A line that is drawn again and again at the cursor. Without a terminal nothing is drawn.
struct LiveLine {
    /// Where it is drawn.
    let terminal: Terminal
    private var isDrawn = false

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Draws the texts one after the other, each in its style; when they are too long for the line, the end is kept.
    mutating func draw(_ runs: [(text: String, style: Terminal.Style)]) {
        guard terminal.isTerminal else { return }
        // The last column stays empty: a full line would wrap and could not be drawn over.
        var room = terminal.width - 1
        var shown = ""
        for run in runs.reversed() where room > 0 {
            let text = String(run.text.printable.suffix(room))
            room -= text.count
            shown = terminal.styled(text, run.style) + shown
        }
        terminal.write("\r\u{1B}[2K" + shown)
        isDrawn = true
    }

    /// Takes the line away, so that something else can be written there.
    mutating func clear() {
        guard isDrawn else { return }
        terminal.write("\r\u{1B}[2K")
        isDrawn = false
    }
}

/// Progress on the standard error: `[#####    ] 43 %  12.3 × real time  0:42 left`. Without a terminal nothing is shown.
struct ProgressLine {
    private static let barWidth = 24
    /// More often nobody can read it.
    private static let interval = Duration.milliseconds(100)

    private var line = LiveLine(.error)
    private let started = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?

    init() {}

    /// Shows how far it is.
    ///
    /// - Parameters:
    ///   - fraction: what is done, 0–1; `nil` when the length is not known.
    ///   - start: what was done when the line was made.
    ///   - note: stands after the bar, such as `12.3 × real time`.
    mutating func update(fraction: Double?, from start: Double = 0, note: String) {
        let now = ContinuousClock.now
        if let lastDrawn, lastDrawn.duration(to: now) < Self.interval { return }
        lastDrawn = now
        line.draw([(Self.text(fraction: fraction, from: start, note: note, elapsed: started.duration(to: now)), .plain)])
    }

    /// Takes the line away.
    mutating func clear() { line.clear() }

    /// The line after `elapsed`.
    static func text(fraction: Double?, from start: Double = 0, note: String, elapsed: Duration) -> String {
        guard let fraction, fraction.isFinite else { return note }
        let done = min(max(fraction, 0), 1)
        let marks = Int(done * Double(barWidth))
        let bar = String(repeating: "#", count: marks) + String(repeating: " ", count: barWidth - marks)
        let text = "[\(bar)] \(Int(done * 100)) %  \(note)"
        // In the first second, and before anything is done, it would be a guess.
        guard done > start, done < 1, elapsed >= .seconds(1) else { return text }
        return text + "  \(clock(elapsed * ((1 - done) / (done - start)))) left"
    }

    /// `0:42`, `12:03` or `1:02:03`, rounded to seconds.
    static func clock(_ duration: Duration) -> String {
        let seconds = Int((duration / .seconds(1)).rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let minutes = seconds / 60
        return minutes < 60
            ? "\(minutes):\(two(seconds % 60))" : "\(minutes / 60):\(two(minutes % 60)):\(two(seconds % 60))"
    }
}

/// Lines whose columns are aligned, two spaces apart. The last column may be of any width.
func aligned(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
        row.enumerated().map { index, text in
            index == row.count - 1 ? text : text + String(repeating: " ", count: widths[index] - text.count + 2)
        }.joined()
    }
}
