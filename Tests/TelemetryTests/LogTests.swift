import Foundation
import Glibc
import Logging
import SpeechModel
import Synchronization
import Testing

@testable import Telemetry

/// Collects lines.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

@Suite struct LogTests {
    private let lines = Lines()

    private func logger(
        _ style: LineLogHandler.Style = .json, level: Logger.Level = .info, transcripts: Bool = false,
        provider: Logger.MetadataProvider? = nil
    ) -> Logger {
        Logger(label: "http") { [lines] label in
            LineLogHandler(
                component: label, threshold: LogThreshold(level), style: style,
                redaction: Redaction(allowsTranscripts: transcripts),
                provider: provider, now: { LogTime(unixMilliseconds: 1_795_222_800_007) }, write: lines.append)
        }
    }

    private let prefix = #"{"timestamp":"2026-11-21T01:00:00.007Z","level":"#

    @Test func theThresholdChangesWhileLoggersLive() {
        let threshold = LogThreshold(.warning)
        var logger = Logger(label: "http") { [lines] label in
            LineLogHandler(
                component: label, threshold: threshold, style: .json, redaction: Redaction(allowsTranscripts: false),
                provider: nil, now: { LogTime(unixMilliseconds: 0) }, write: lines.append)
        }
        logger.info("one")
        threshold.level = .info
        logger.info("two")
        logger.logLevel = .error
        logger.warning("three")
        #expect(lines.all.count == 1 && lines.all.first?.contains("two") == true && threshold.level == .info)
    }

    @Test func anEventIsOneLineOfJSON() {
        var logger = logger()
        logger[metadataKey: "request_id"] = "r1"
        logger.warning(
            "slow reader",
            metadata: [
                "count": .stringConvertible(3), "ratio": .stringConvertible(0.5), "ok": .stringConvertible(true), "port": "80",
            ])
        #expect(
            lines.all == [
                prefix + #""WARNING","component":"http","message":"slow reader","count":3,"ok":true,"port":"80","ratio":0.5,"#
                    + #""request_id":"r1"}"# + "\n"
            ])
    }

    @Test func levelsBelowTheLeastAreNotWritten() {
        let logger = logger(level: .notice)
        logger.info("no")
        logger.notice("yes")
        #expect(lines.all == [prefix + #""NOTICE","component":"http","message":"yes"}"# + "\n"])
    }

    @Test func theEventsMetadataWinsOverTheProvidersOverTheHandlers() {
        var logger = logger(provider: Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] })
        logger[metadataKey: "a"] = "handler"
        logger[metadataKey: "d"] = "handler"
        #expect(logger[metadataKey: "d"] == "handler")
        logger.info("m", metadata: ["b": "event"])
        #expect(
            lines.all.first?.hasSuffix(#""message":"m","a":"provider","b":"event","c":"provider","d":"handler"}"# + "\n") == true)
    }

    @Test func anErrorIsAField() {
        let error = SpeechError(.portInUse, "Port 8080 is taken.", advice: "Stop the other program.")
        logger().error("cannot start", error: error)
        #expect(lines.all.first?.contains(#""error":"Port 8080 is taken. Stop the other program.""#) == true)
    }

    @Test func aFieldDoesNotReplaceAFixedOne() {
        logger().info("m", metadata: ["level": "9", "message": "x"])
        #expect(lines.all.first?.hasSuffix(#""message":"m","level_":"9","message_":"x"}"# + "\n") == true)
    }

    @Test func controlAndDirectionCharactersAreEscaped() throws {
        let nasty = "a\"b\\c\nd\te\u{1B}[2Jf\u{7F}\u{9B}\u{202E}\u{2028}\0ü😀"
        logger().info("\(nasty)", metadata: ["k\n": "\(nasty)"])
        let line = try #require(lines.all.first)
        #expect(
            line.dropLast().unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0 != "\u{202E}"
            })
        let parsed = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(parsed["message"] == nasty && parsed["k\n"] == nasty)
        #expect(line.contains(#"\u001b[2J"#) && line.contains("ü😀"))
    }

    @Test(arguments: [
        "token", "resume_token", "resumeToken", "access-token", "Authorization", "password", "db_password", "client.secret",
        "api_key",
        "apiKey", "X-Api-Key", "apikey", "cookie", "Set-Cookie", "private_key", "text", "transcript", "words", "hypothesis",
        "partial_text",
    ])
    func secretsAndSpeechAreRedacted(key: String) {
        logger().info("m", metadata: [key: "sesame", "nested": ["\(key)": "sesame"], "list": [["\(key)": "sesame"]]])
        #expect(lines.all.count == 1)
        #expect(lines.all[0].components(separatedBy: "‹redacted›").count == 4 && !lines.all[0].contains("sesame"))
    }

    @Test(arguments: ["context_tokens", "keyboard", "context", "session_id", "passage", "swordsmith"])
    func otherKeysAreShown(key: String) {
        logger().info("m", metadata: [key: "7"])
        #expect(lines.all.first?.contains(#""\#(key)":"7""#) == true)
    }

    @Test func speechIsShownWhereItIsAllowedButSecretsNever() {
        logger(transcripts: true).info("m", metadata: ["text": "go forward", "token": "sesame"])
        #expect(lines.all.first?.hasSuffix(#""text":"go forward","token":"‹redacted›"}"# + "\n") == true)
    }

    @Test func sensitiveValuesRedactThemselves() {
        let speech = Sensitive("go forward")
        logger().info("heard \(speech)", metadata: ["heard": .stringConvertible(speech)])
        #expect(lines.all.first?.contains("forward") == false)
    }

    @Test func everythingIsBounded() throws {
        let long = String(repeating: "é", count: 10_000)
        let deep: Logger.MetadataValue = ["a": ["a": ["a": ["a": ["a": ["a": "end"]]]]]]
        var metadata: Logger.Metadata = ["long": "\(long)", "deep": deep, "list": .array(Array(repeating: "x", count: 1000))]
        for number in 0..<100 { metadata["z\(number)"] = "z" }
        metadata[String(repeating: "k", count: 500)] = "v"
        logger().info("\(long)", metadata: metadata)
        let line = try #require(lines.all.first)
        #expect(line.utf8.count < 8192)
        #expect(line.contains("é… (18976 more bytes)") && line.contains("é… (15904 more bytes)"))
        #expect(!line.contains("end") && line.contains("…"))
        #expect(line.components(separatedBy: #""x""#).count == Redaction.elementLimit + 1)
        #expect(!line.contains(#""z99""#))
        #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
    }

    @Test func numbersThatJSONCannotHoldAreTexts() throws {
        logger().info(
            "m", metadata: ["x": .stringConvertible(Double.nan), "list": [.stringConvertible(1), .stringConvertible(2.5)]])
        #expect(lines.all.first?.hasSuffix(#""list":[1,2.5],"x":"nan"}"# + "\n") == true)
    }

    @Test func textIsOneLineForPeople() {
        logger(.text(colour: false)).info(
            "up\n", metadata: ["port": "8080", "name": "two words", "n": .stringConvertible(3), "bad": "\u{1B}[2J", "empty": ""])
        #expect(
            lines.all == [
                "01:00:00.007 INFO    http: up\\u{A} bad=\\u{1B}[2J empty=\"\" n=3 name=\"two words\" port=8080\n"
            ])
    }

    @Test(arguments: [
        (Logger.Level.debug, "\u{1B}[2mDEBUG  "), (.info, "\u{1B}[32mINFO   "), (.warning, "\u{1B}[33mWARNING"),
        (.critical, "\u{1B}[31mCRITICAL"),
    ])
    func textIsColouredByLevel(level: Logger.Level, expected: String) {
        logger(.text(colour: true), level: .trace).log(level: level, "m", metadata: ["a": "b"])
        #expect(lines.all.first?.contains(expected) == true)
        #expect(lines.all.first?.hasSuffix(" m\u{1B}[2m a=b\u{1B}[0m\n") == true)
    }

    @Test(arguments: [
        (LogSetup.Format.json, true, [:], LineLogHandler.Style.json), (.auto, false, [:], .json),
        (.auto, true, [:], .text(colour: true)), (.text, false, [:], .text(colour: false)),
        (.text, true, [:], .text(colour: true)),
        (.auto, true, ["NO_COLOR": "1"], .text(colour: false)), (.auto, true, ["NO_COLOR": ""], .text(colour: true)),
        (.auto, true, ["TERM": "dumb"], .text(colour: false)),
    ])
    func theStyleFollowsTheTerminalAndTheOperator(
        format: LogSetup.Format, isTerminal: Bool, environment: [String: String], style: LineLogHandler.Style
    ) {
        let setup = LogSetup(threshold: LogThreshold(.info), format: format, showsTranscripts: false)
        #expect(setup.style(isTerminal: isTerminal, environment: environment) == style)
    }

    @Test func bootstrapSendsEveryLoggerToStandardError() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            LogSetup(threshold: LogThreshold(.debug), format: .json, showsTranscripts: false).bootstrap(environment: [:])
            Logger(label: "stt").debug("warm")
            exit(0)
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains(#""level":"DEBUG","component":"stt","message":"warm"}"# + "\n"))
    }

    @Test func aLineIsWrittenWholeAndAnErrorIsIgnored() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        writeLine("one\n", to: ends[1])
        writeLine("two\n", to: ends[1])
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(ends[0], &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == "one\ntwo\n")
        close(ends[0])
        close(ends[1])
        writeLine("nobody reads this\n", to: ends[1])
    }

    @Test func theTimeIsUTCToTheMillisecond() {
        #expect(LogTime(unixMilliseconds: 0).rfc3339 == "1970-01-01T00:00:00.000Z")
        #expect(LogTime(unixMilliseconds: 4_107_542_399_999).rfc3339 == "2100-02-28T23:59:59.999Z")
        let before = Int(time(nil)) * 1000
        #expect(LogTime.now().unixMilliseconds >= before)
    }
}
