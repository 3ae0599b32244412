import Foundation
import MynahConfiguration
import SpeechModel
import Testing

@Suite struct OutputTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test func theShippedFileHoldsTheDefaultsOfEverySetting() throws {
        let configuration = try Configuration.load(directory: "\(Self.root)/config", environment: [:])
        #expect(configuration.settings == Settings(environment: [:]))
        let text = try String(contentsOfFile: "\(Self.root)/config/default.yaml", encoding: .utf8)
        for setting in Setting.all {
            let name = setting.key.split(separator: ".")[1]
            if setting.defaultNote == nil {
                #expect(configuration.origin(of: setting.key) != .default, "\(setting.key) is missing in config/default.yaml")
            } else {
                #expect(text.contains("# \(name): "), "\(setting.key) is not mentioned in config/default.yaml")
            }
        }
    }

    @Test func theShippedStandbyHasPortsOfItsOwn() throws {
        let environment = ["RTAP_ENVIRONMENT": "standby", "MYNAH_FAILOVER_KEY_FILE": "/pair.key"]
        let standby = try Configuration.load(directory: "\(Self.root)/config", environment: environment).settings
        let primary = Settings(environment: [:])
        #expect(standby.failover.role == .standby && standby.failover.peer == primary.failover.listen)
        #expect(standby.server.listen.port == 8081 && standby.output.websocketPort == 6802)
        #expect(standby.output.zmqPubPortEvents == 7552 && standby.output.zmqPubPortTranscripts == 7553)
        // Without the key it does not start.
        #expect(throws: (any Error).self) {
            try Configuration.load(directory: "\(Self.root)/config", environment: ["RTAP_ENVIRONMENT": "standby"])
        }
    }

    @Test(arguments: [
        ("main_pc", Settings.STT.Device.cuda, Settings.STT.ComputeDtype.float16), ("pc2", .cpu, .int8),
    ])
    func theShippedProfilesSayWhereItIsComputedAndWithWhat(
        profile: String, device: Settings.STT.Device, numbers: Settings.STT.ComputeDtype
    ) throws {
        let configuration = try Configuration.load(
            directory: "\(Self.root)/config", environment: ["RTAP_ENVIRONMENT": profile])
        #expect(configuration.settings.stt.device == device && configuration.settings.stt.computeDtype == numbers)
        #expect(configuration.origin(of: "stt.device").description.contains("\(profile).yaml"))
    }

    @Test func everyFieldOfTheSettingsHasARowInTheTable() {
        func leaves(_ value: Any) -> Int {
            let mirror = Mirror(reflecting: value)
            return mirror.displayStyle == .struct && !(value is ListenAddress)
                ? mirror.children.map { leaves($0.value) }.reduce(0, +) : 1
        }
        #expect(leaves(Settings(environment: [:])) == Setting.all.count)
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        #expect(Set(Setting.all.flatMap(\.environmentNames)).count == Setting.all.flatMap(\.environmentNames).count)
    }

    @Test func aKeyIsShownNowhere() throws {
        let workspace = try Workspace([
            "default.yaml": "stt:\n  openai:\n    api_key: sk-sesame\n  fallback: [openai, pocketsphinx]\n"
        ])
        let file = try workspace.write("key", "sk-sesame\n")
        let configuration = try workspace.load(["MYNAH_TTS_OPENAI_API_KEY_FILE": file])
        #expect(configuration.settings.stt.openai.apiKey?.value.exposed == "sk-sesame")
        #expect(configuration.settings.tts.openai.apiKeyFile?.secret.exposed == "sk-sesame")
        #expect(configuration.settings.stt.fallback == [.openai, .pocketsphinx])
        #expect(configuration.table.contains("‹redacted›") && configuration.table.contains(file))
        for text in [configuration.table, configuration.json, "\(configuration.settings)"] {
            #expect(!text.contains("sk-sesame"))
        }
        let both = try workspace.faults(["MYNAH_STT_OPENAI_API_KEY_FILE": file])
        #expect(both.count == 1 && both[0].description.contains("Only one of") && !both[0].description.contains("sk-sesame"))
    }

    @Test func theTableShowsKeyValueAndOriginButNoSecret() throws {
        let workspace = try Workspace(["default.yaml": "server:\n  allowed_hosts: [a.example, b.example]\n"])
        let token = try workspace.write("token", "sesame-sesame-sesame")
        let configuration = try workspace.load(["MYNAH_SERVER_TOKEN_FILE": token], [.set("audio.frame_ms=30")])
        let rows = configuration.table.split(separator: "\n").map {
            $0.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.count == Setting.all.count + 1)
        #expect(rows[0].filter { !$0.isEmpty } == ["KEY", "VALUE", "ORIGIN"])
        #expect(rows.contains { $0.filter { !$0.isEmpty } == ["audio.frame_ms", "30", "flag --set"] })
        #expect(rows.contains { $0.filter { !$0.isEmpty } == ["audio.device", "-", "default"] })
        #expect(configuration.table.contains("a.example, b.example"))
        #expect(configuration.table.contains("\(workspace.directory)/default.yaml:2"))
        #expect(configuration.table.contains(token))
        #expect(!configuration.table.contains("sesame") && !configuration.json.contains("sesame"))
        #expect(!String(reflecting: configuration.settings).contains("sesame"))
        #expect(
            configuration.settings
                == (try workspace.load(["MYNAH_SERVER_TOKEN_FILE": token], [.set("audio.frame_ms=30")])).settings)
    }

    @Test func theJSONHoldsEverySettingWithItsOrigin() throws {
        struct Shown: Decodable {
            struct Entry: Decodable { let origin: String }
            let files: [String]
            let hash: String
            let settings: [String: Entry]
        }
        let configuration = try load(["AUDIO_DEVICE": "mic \"1\""])
        let shown = try JSONDecoder().decode(Shown.self, from: Data(configuration.json.utf8))
        #expect(Set(shown.settings.keys) == Set(Setting.all.map(\.key)))
        #expect(shown.settings["audio.device"]?.origin == "environment AUDIO_DEVICE")
        #expect(shown.files == configuration.files && shown.hash == configuration.hash)
        #expect(configuration.json.contains(#""value" : "mic \"1\"""#))
        #expect(configuration.json.contains(#""value" : 2"#) && configuration.json.contains(#""value" : null"#))
    }

    @Test func theHashTellsValuesApartAndNothingElse() throws {
        let plain = try load()
        #expect(plain.hash == (try load()).hash)
        #expect(plain.hash == (try load([:], [.set("audio.frame_ms=20")])).hash)
        #expect(plain.hash != (try load([:], [.set("audio.frame_ms=21")])).hash)
        #expect(plain.hash.count == 16)
    }

    @Test func theSchemaDescribesEverySettingAsTheCodecReadsIt() throws {
        let root = try #require(try JSONSerialization.jsonObject(with: Data(configurationSchema().utf8)) as? [String: Any])
        #expect(root["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        let sections = try #require(root["properties"] as? [String: [String: Any]])
        var keys: Set<String> = []
        for (section, schema) in sections {
            #expect(schema["additionalProperties"] as? Bool == false)
            let properties = try #require(schema["properties"] as? [String: [String: Any]])
            for (name, property) in properties {
                // A group of settings, or one.
                let members = (property["properties"] as? [String: [String: Any]])?.map { (".\($0)", $1) } ?? [("", property)]
                for (member, property) in members {
                    keys.insert("\(section).\(name)\(member)")
                    #expect(property["description"] is String)
                }
            }
        }
        #expect(keys == Set(Setting.all.map(\.key)))
        let audio = try #require(sections["audio"]?["properties"] as? [String: [String: Any]])
        #expect(audio["sample_rate"]?["default"] as? Int == 16_000)
        let rate = try #require((audio["sample_rate"]?["anyOf"] as? [[String: Any]])?.first)
        #expect(rate["type"] as? String == "integer" && rate["minimum"] as? Int == 8000 && rate["maximum"] as? Int == 48_000)
        #expect((sections["models"]?["properties"] as? [String: [String: Any]])?["directory"]?["default"] == nil)
    }

    @Test func theReferencePageHasEverySettingVariableAndRule() {
        let page = configurationReference()
        for setting in Setting.all {
            #expect(page.contains("| `\(setting.key)` |") && page.contains(setting.summary) && page.contains(setting.requirement))
            for name in setting.environmentNames { #expect(page.contains("`\(name)`")) }
        }
        #expect(page.contains("| `audio.sample_rate` | `16000` | a whole number from 8000 to 48000 Hz |"))
        #expect(page.contains("- `server.listen` beyond loopback needs `server.token_file`."))
        #expect(page.contains("| `models.directory` | `models` in `MYNAH_DATA`"))
        #expect(!page.contains("\n\n\n"))
    }
}
