import Foundation
import MynahConfiguration
import SpeechModel
import Testing

@Suite struct FaultTests {
    @Test func everyFaultOfEverySourceIsListedAtOnce() throws {
        let workspace = try Workspace([
            "default.yaml": "audio:\n  sample_rate: 7\n  frame_ms: fast\nlgo:\n  level: info\n",
            "pc2.yaml": "stt:\n  decoders: -1\n",
        ])
        let found = try workspace.faults(
            ["RTAP_ENVIRONMENT": "pc2", "MYNAH_AUDIO_CHANELS": "1", "RTAP_LOG_LEVEL": "loud"],
            [.set("server.listen=8080"), .set("audio.device"), .set("nonsense=1")])
        #expect(
            found.map { $0.description.replacing(workspace.directory + "/", with: "") } == [
                "default.yaml:2: `audio.sample_rate` is `7`; it must be a whole number from 8000 to 48000 Hz.",
                "default.yaml:3: `audio.frame_ms` is `fast`; it must be a whole number from 10 to 100 ms.",
                "default.yaml:4: `lgo` is not a section; did you mean `log`?",
                "pc2.yaml:2: `stt.decoders` is `-1`; it must be a whole number from 0 to 1024.",
                "environment MYNAH_AUDIO_CHANELS: MYNAH_AUDIO_CHANELS is not a setting; did you mean MYNAH_AUDIO_CHANNELS?",
                "environment RTAP_LOG_LEVEL: `log.level` is `loud`; it must be `debug`, `info`, `warning` or `error`.",
                "flag --set: `audio.device` has no value; write `--set audio.device=VALUE`.",
                "flag --set: `nonsense` is not a setting; remove it; `mynah config schema` lists every key.",
                "flag --set: `server.listen` is `8080`; it must be an address and a port, such as `127.0.0.1:8080`, "
                    + "`[::1]:8080` or `0.0.0.0:8080`.",
            ])
    }

    @Test func oneFaultIsToldWithWhatToDo() throws {
        let error = #expect(throws: SpeechError.self) { try load(["MYNAH_AUDIO_FRAME_MS": "5"]) }
        #expect(
            error?.description == """
                The configuration has a fault:
                  environment MYNAH_AUDIO_FRAME_MS: `audio.frame_ms` is `5`; it must be a whole number from 10 to 100 ms.
                 Correct it and try `mynah config check`.
                """)
    }

    @Test(arguments: [
        (
            "stt:\n  fallback: fast\n",
            "default.yaml:2: `stt.fallback` is `fast`; it must be a list of some of `sherpa`, `openai`, `pocketsphinx`, each at most "
                + "once, or `none`."
        ),
        (
            "stt:\n  fallback: [openai, openai]\n",
            "default.yaml:2: `stt.fallback` is a list of 2; it must be a list of some of `sherpa`, `openai`, `pocketsphinx`, each at "
                + "most once, or `none`."
        ),
        (
            "stt:\n  openai:\n    partials_ms: 100\n",
            "default.yaml:3: `stt.openai.partials_ms` is `100`; it must be a whole number from 500 to 15000 ms, or 0."
        ),
        (
            "stt:\n  openai:\n    base_url: api.openai.com\n",
            "default.yaml:3: `stt.openai.base_url` is `api.openai.com`; it must be an address that begins with `http://` or `https://` "
                + "and has no user, query or fragment, such as `https://example.org/v1`."
        ),
        (
            "stt:\n  openai:\n    api_key: sk 1\n",
            "default.yaml:3: `stt.openai.api_key` is a secret; it must be one word of ASCII characters."
        ),
        (
            "tts:\n  openai:\n    voices: []\n",
            "default.yaml:3: `tts.openai.voices` names at least one. Here `tts.openai.voices` is not set (default.yaml:3). Write what "
                + "the provider calls it, such as `alloy`."
        ),
        (
            "stt:\n  model_name: ../en\n",
            "default.yaml:2: `stt.model_name` is `../en`; it must be a name of at most 64 letters, digits, `.`, `-` and `_`, "
                + "such as `en-us`."
        ),
        (
            "stt:\n  model_name: my model\n",
            "default.yaml:2: `stt.model_name` is `my model`; it must be a name of at most 64 letters, "
                + "digits, `.`, `-` and `_`, such as `en-us`."
        ),
        ("stt:\n  beam_size: 31\n", "default.yaml:2: `stt.beam_size` is `31`; it must be a whole number from 1 to 30."),
        ("stt:\n  device: gpu\n", "default.yaml:2: `stt.device` is `gpu`; it must be `cpu` or `cuda`."),
        ("audio:\n  framems: 20\n", "default.yaml:2: `audio.framems` is not a setting; did you mean `audio.frame_ms`?"),
        (
            "server:\n  sample_rate: 8000\n",
            "default.yaml:2: `server.sample_rate` is not a setting; did you mean `audio.sample_rate`?"
        ),
        (
            "server:\n  zzz: 1\n",
            "default.yaml:2: `server.zzz` is not a setting; remove it; `mynah config schema` lists every key."
        ),
        ("\naudio.frame_ms: 20\n", "default.yaml:2: `audio.frame_ms` is not a section; write `frame_ms` below `audio:`."),
        ("frame_ms: 20\n", "default.yaml:1: `frame_ms` is not a section; write it below `audio:`."),
        (
            "database: {}\n",
            "default.yaml:1: `database` is not a section; sections are `server`, `audio`, `preprocess`, `endpointing`, "
                + "`wakeword`, `stt`, `tts`, `speakers`, `resilience`, `language`, `output`, `failover`, `session`, `models`, `log`."
        ),
        (
            "resilience:\n  bulkhead: 8\n",
            "default.yaml:2: `resilience.bulkhead` is a group; write its settings below it: `max_concurrent`, `max_queue_size`."
        ),
        (
            "resilience:\n  circuit_breaker:\n    failure_treshold: 8\n",
            "default.yaml:3: `resilience.circuit_breaker.failure_treshold` is not a setting; "
                + "did you mean `resilience.circuit_breaker.failure_threshold`?"
        ),
        ("language: en\n", "default.yaml:1: `language` is a section; write its settings below it: `default`, `sentiment`."),
        (
            "output:\n  websocket_port: 80\n",
            "default.yaml:2: `output.websocket_port` is `80`; it must be a port from 1024 to 65535, or 0 for any free one."
        ),
        ("- a\n", "default.yaml:1: the file must hold sections such as `server:` with settings below them."),
        ("? [a]\n: b\n", "default.yaml:1: a section's name must be a word."),
        ("audio:\n  ? [a]\n  : b\n", "default.yaml:2: a setting's name in `audio` must be a word."),
        ("audio:\n  frame_ms:\n    a: 1\n", "default.yaml:3: `audio.frame_ms`: it must be a value, not a section."),
        (
            "audio:\n  frame_ms: [20]\n",
            "default.yaml:2: `audio.frame_ms` is a list of 1; it must be a whole number from 10 to 100 ms."
        ),
        ("audio:\n  frame_ms: ~\n", "default.yaml:2: `audio.frame_ms` is not set; it must be a whole number from 10 to 100 ms."),
        (
            "audio:\n  frame_ms: 20.5\n",
            "default.yaml:2: `audio.frame_ms` is `20.5`; it must be a whole number from 10 to 100 ms."
        ),
        (
            "wakeword:\n  phrases: [hey computer, r2d2]\n",
            "default.yaml:2: `wakeword.phrases` is a list of 2; it must be one to eight words of letters and apostrophes, such as "
                + "`hey computer`."
        ),
        (
            "wakeword:\n  enabled: true\n  phrases: []\n",
            "default.yaml:3: `wakeword.phrases` holds at most 16 phrases, and `wakeword.enabled` needs at least one. Here "
                + "`wakeword.phrases` is not set (default.yaml:3) and `wakeword.enabled` is `true` (default.yaml:2). Name phrases, "
                + "for instance `[hey computer]`, or turn the wake word off."
        ),
        ("log:\n  transcripts: yes\n", "default.yaml:2: `log.transcripts` is `yes`; it must be `true` or `false`."),
        (
            "preprocess:\n  vad_aggressiveness: 4\n",
            "default.yaml:2: `preprocess.vad_aggressiveness` is `4`; it must be a whole number from 0 to 3."
        ),
        (
            "preprocess:\n  vad_aggressiveness: .nan\n",
            "default.yaml:2: `preprocess.vad_aggressiveness` is `.nan`; it must be a whole number from 0 to 3."
        ),
        (
            "preprocess:\n  gain: maybe\n",
            "default.yaml:2: `preprocess.gain` is `maybe`; it must be `off`, `auto` or `on`."
        ),
        (
            "stt:\n  engine: whisper\n",
            "default.yaml:2: `stt.engine` is `whisper`; it must be `auto`, `pocketsphinx`, `sherpa` or `openai`."
        ),
        (
            "language:\n  default: English\n",
            "default.yaml:2: `language.default` is `English`; it must be a language's two letters, such as `en`."
        ),
        (
            "models:\n  directory: ~/m\n",
            "default.yaml:2: `models.directory` is `~/m`; it must be a path (write `${HOME}` instead of `~`)."
        ),
        ("audio:\n  device: \"a\\tb\"\n", "default.yaml:2: `audio.device` is `a\tb`; it must be a text of 1 to 256 characters."),
        (
            "server:\n  allowed_hosts: [\"http://a/\"]\n",
            "default.yaml:2: `server.allowed_hosts` is a list of 1; it must be a host name such as `example.org` or "
                + "`example.org:8443`, without scheme or path."
        ),
        (
            "server:\n  allowed_hosts: [[a]]\n",
            "default.yaml:2: `server.allowed_hosts`: an item of the list is not a single value."
        ),
        (
            "audio:\n  device: ${MIC}\n",
            "default.yaml:2: `audio.device`: the environment variable MIC is not set; set it or write `${MIC:default}`."
        ),
        ("audio:\n  device: ${MIC\n", "default.yaml:2: `audio.device`: `${` has no closing `}`; write `${NAME:default}`."),
        (
            "audio:\n  device: ${1 X:a}\n",
            "default.yaml:2: `audio.device`: `${1 X}` does not name an environment variable; write `${NAME:default}`."
        ),
        (
            "audio:\n  device: ${}\n",
            "default.yaml:2: `audio.device`: `${}` does not name an environment variable; write `${NAME:default}`."
        ),
        (
            "audio:\n  frame_ms: 20\n  frame_ms: 30\n",
            "default.yaml:2: `frame_ms` is given more than once in the section that begins here; keep one."
        ),
    ])
    func aFaultNamesFileLineKeyValueAndRange(file: String, fault: String) throws {
        #expect(try faults(ofFile: file) == [fault])
    }

    @Test(arguments: ["audio: [\n", "audio:\n\tframe_ms: 20\n", "a: b: c\n", "audio: *missing\n", "\u{1}"])
    func whatIsNotYAMLIsAFaultWithItsLine(file: String) throws {
        let found = try faults(ofFile: file)
        #expect(found.count == 1)
        #expect(found.first?.contains("this is not YAML: ") == true && found.first?.hasPrefix("default.yaml:") == true)
    }

    @Test func aBrokenFileDoesNotHideTheFaultsOfOtherSources() throws {
        let workspace = try Workspace(["default.yaml": "audio: ["])
        #expect(try workspace.faults(["MYNAH_STT_DECODERS": "many"]).map(\.key) == [nil, "stt.decoders"])
    }

    @Test func aFileThatIsNotTextOrTooLargeOrTooDeepIsAFault() throws {
        let workspace = try Workspace()
        let url = URL(filePath: "\(workspace.directory)/default.yaml")
        try Data([0x61, 0xFF, 0xFE]).write(to: url)
        #expect(try workspace.faults().map(\.message) == ["the file is not UTF-8 text; save it as UTF-8."])
        try Data(repeating: 0x23, count: (1 << 20) + 1).write(to: url)
        #expect(try workspace.faults().map(\.message) == ["the file is larger than 1 MiB; is it a configuration?"])
        try Data(String(repeating: "[", count: 200_000).utf8).write(to: url)
        #expect(try workspace.faults().map(\.message).first?.hasPrefix("this is not YAML") == true)
    }

    @Test func longValuesAreShortenedAndValuesOfUnknownKeysAreNotRepeated() throws {
        let long = try faults([:], [.set("audio.frame_ms=" + String(repeating: "9", count: 500))])
        #expect(long.count == 1 && long[0].count < 250 && long[0].contains("999…"))
        let secret = try faults(ofFile: "server:\n  token: hunter2hunter2hunter2\n")
        #expect(secret.count == 1 && !secret[0].contains("hunter2"))
    }

    @Test func aMisspeltVariableIsAFaultButKubernetesVariablesAreNot() throws {
        #expect(
            try faults(["MYNAH_SERVER_COLOUR": "red"]) == [
                "environment MYNAH_SERVER_COLOUR: MYNAH_SERVER_COLOUR is not a setting; unset it; `mynah config schema` lists every key."
            ])
        #expect(
            try faults(["MYNAH_LGO_LEVEL": "info"]) == [
                "environment MYNAH_LGO_LEVEL: MYNAH_LGO_LEVEL is not a setting; did you mean MYNAH_LOG_LEVEL?"
            ])
        let kubernetes = [
            "MYNAH_SERVER_SERVICE_HOST": "10.0.0.1", "MYNAH_SERVER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
            "MYNAH_PORT": "tcp://10.0.0.1:8080", "MYNAH_DATA": "/d",
        ]
        #expect(throws: Never.self) { try load(kubernetes) }
    }

    @Test(arguments: [
        ([:], nil),
        (["MYNAH_SERVER_TOKEN_FILE": "TOKEN"], nil),
        (["MYNAH_SERVER_LISTEN": "127.8.9.10:80"], nil),
        (["MYNAH_SERVER_LISTEN": "[::1]:80"], nil),
        (["MYNAH_SERVER_LISTEN": "localhost:80"], nil),
        (["MYNAH_SERVER_LISTEN": "[::ffff:127.0.0.1]:80"], nil),
        (["MYNAH_SERVER_LISTEN": "0.0.0.0:80", "MYNAH_SERVER_TOKEN_FILE": "TOKEN"], nil),
        (["MYNAH_SERVER_LISTEN": "0.0.0.0:80"], "server.listen"),
        (["MYNAH_SERVER_LISTEN": "[::]:80"], "server.listen"),
        (["MYNAH_SERVER_LISTEN": "example.org:80"], "server.listen"),
        (["MYNAH_SERVER_LISTEN": "192.168.1.2:80"], "server.listen"),
    ])
    func listeningBeyondLoopbackNeedsAToken(environment: [String: String], key: String?) throws {
        let workspace = try Workspace(["default.yaml": ""])
        let token = try workspace.write("token", "0123456789abcdef\n")
        let environment = environment.mapValues { $0 == "TOKEN" ? token : $0 }
        if let key {
            let faults = try workspace.faults(environment)
            #expect(faults.map(\.key) == [key])
            #expect(
                faults[0].message.hasPrefix(
                    "`server.listen` beyond loopback needs `server.token_file`. Here `server.listen` is `"))
            #expect(faults[0].message.contains("`server.token_file` is not set (default)"))
        } else {
            #expect(throws: Never.self) { try workspace.load(environment) }
        }
    }

    @Test func anUtteranceMustNotBeginAtItsLimit() throws {
        let workspace = try Workspace(["default.yaml": "endpointing:\n  maximum_utterance_ms: 1000\n"])
        #expect(throws: Never.self) { try workspace.load([:], [.set("endpointing.minimum_speech_ms=600")]) }
        let error = try #require(throws: SpeechError.self) {
            try workspace.load([:], [.set("endpointing.minimum_speech_ms=601")])
        }
        #expect("\(error)".contains("at least 400 ms below"))
    }

    @Test(arguments: [
        ("server.listen=127.0.0.1:5802", true), ("output.zmq_pub_port_events=6553", true),
        ("output.zmq_pub_port_events=0", false), ("server.listen=127.0.0.1:0", false),
    ])
    func everyListenerHasAPortOfItsOwn(setting: String, isFault: Bool) throws {
        let workspace = try Workspace(["default.yaml": "output:\n  zmq_pub_port_transcripts: 6553\n"])
        if isFault {
            let error = try #require(throws: SpeechError.self) { try workspace.load([:], [.set(setting)]) }
            #expect("\(error)".contains("Every listener has a port of its own."))
            #expect(throws: Never.self) { try workspace.load([:], [.set(setting), .set("output.enabled=false")]) }
        } else {
            #expect(throws: Never.self) { try workspace.load([:], [.set(setting)]) }
        }
    }

    @Test(arguments: [
        ("127.0.0.1:9", "127.0.0.1:9", true), ("127.0.0.1:9", "localhost:9", true), ("127.0.0.1:9", "0.0.0.0:9", true),
        ("127.0.0.1:9", "[::]:9", true), ("127.0.0.1:9", "127.0.0.2:9", false), ("127.0.0.1:9", "127.0.0.1:10", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ])
    func twoListenersCannotShareAPort(a: String, b: String, collide: Bool) throws {
        let workspace = try Workspace(["default.yaml": ""])
        let environment = ["MYNAH_SERVER_LISTEN": a, "MYNAH_SERVER_METRICS_LISTEN": b]
        if collide {
            let faults = try workspace.faults(environment)
            #expect(faults.map(\.key) == ["server.metrics_listen"])
            #expect(faults.map(\.origin) == [.environment(name: "MYNAH_SERVER_METRICS_LISTEN")])
        } else {
            #expect(throws: Never.self) { try workspace.load(environment) }
        }
    }

    @Test(arguments: [
        (["endpointing.minimum_speech_ms=1500", "endpointing.maximum_utterance_ms=1000"], "endpointing.minimum_speech_ms"),
        (["endpointing.silence_ms=2000", "endpointing.maximum_utterance_ms=2000"], "endpointing.silence_ms"),
        (["audio.ring_buffer_size_ms=1999"], "stt.wait_for_decoder_ms"),
    ])
    func contradictionsAreFaults(assignments: [String], key: String) throws {
        let workspace = try Workspace(["default.yaml": ""])
        let faults = try workspace.faults([:], assignments.map(Flag.set))
        #expect(faults.map(\.key) == [key])
        #expect(faults.map(\.origin) == [.flag(name: "--set")])
    }

    @Test func aRuleSaysNothingAboutValuesThatAreFaultyThemselves() throws {
        #expect(
            try faults(["MYNAH_SERVER_LISTEN": "0.0.0.0:80", "MYNAH_SERVER_TOKEN_FILE": "/nowhere/token"]) == [
                "environment MYNAH_SERVER_TOKEN_FILE: `server.token_file` is `/nowhere/token`; it names a file that cannot be read. "
                    + "Create it: `openssl rand -hex 32 > /nowhere/token`, readable by this user."
            ])
    }

    @Test(arguments: ["", "short", "0123456789 abcdef", "0123456789abcdeé", "0123456789abcdef\n0123456789abcdef"])
    func aTokenIsOneLongLineWithoutSpaces(token: String) throws {
        let workspace = try Workspace(["default.yaml": ""])
        let path = try workspace.write("token", token)
        let faults = try workspace.faults(["MYNAH_SERVER_TOKEN_FILE": path])
        #expect(faults.map(\.key) == ["server.token_file"])
        #expect(faults[0].message.contains("must hold one line of at least 16 ASCII characters"))
        #expect(token.isEmpty || !faults[0].message.contains(token))
    }

    @Test(arguments: [
        "", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "[::1:80", "::1:80", "[fe80]:1",
        "a b:1",
        "http://a:1", "*:80",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
