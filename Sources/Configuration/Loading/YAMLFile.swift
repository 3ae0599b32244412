import Foundation
import Yams

/// Reads one configuration file into a layer; every fault has the line that it stands in.
struct YAMLFile {
    /// Larger files are not configurations, and are refused before they are parsed.
    static let sizeLimit = 1 << 20

    let path: String
    let environment: [String: String]

    func load() -> Layer {
        var layer = Layer()
        do {
            let text = try self.text()
            // An empty file, or one with comments only, has no root and says nothing.
            if let root = try parse(text) { layer = read(root) }
        } catch {
            layer.faults.append(error)
        }
        return layer
    }

    private func text() throws(Fault) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw fault(1, "the file cannot be read; check that it exists and that this user may read it.")
        }
        guard data.count <= Self.sizeLimit else { throw fault(1, "the file is larger than 1 MiB; is it a configuration?") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw fault(1, "the file is not UTF-8 text; save it as UTF-8.")
        }
        return text
    }

    private func parse(_ text: String) throws(Fault) -> Node? {
        do {
            return try compose(yaml: text)
        } catch {
            switch error as? YamlError {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                let column = "(column \(mark.column))"
                throw fault(mark.line, "this is not YAML: \(problem) \(column); correct the line or the one above it.")
            case .duplicatedKeysInMapping(let duplicates, let context):
                let keys = duplicates.sorted().map { "`\($0)`" }.joined(separator: ", ")
                throw fault(context.mark.line, "\(keys) is given more than once in the section that begins here; keep one.")
            default: throw fault(1, "this is not YAML: \(error)")
            }
        }
    }

    private func read(_ root: Node) -> Layer {
        var layer = Layer()
        guard case .mapping(let sections) = root else {
            layer.faults.append(fault(root, "the file must hold sections such as `server:` with settings below them."))
            return layer
        }
        for (keyNode, value) in sections {
            guard let section = keyNode.scalar?.string else {
                layer.faults.append(fault(keyNode, "a section's name must be a word."))
                continue
            }
            guard Setting.sections.contains(section) else {
                layer.faults.append(unknownSection(section, keyNode))
                continue
            }
            switch value {
            case .mapping(let settings): read(settings, of: section, into: &layer)
            case _ where isNull(value): break
            default:
                let names = Setting.all.filter { $0.section == section }.map { "`\($0.name)`" }.joined(separator: ", ")
                layer.faults.append(
                    fault(value, "`\(section)` is a section; write its settings below it: \(names).", key: section))
            }
        }
        return layer
    }

    private func read(_ settings: Node.Mapping, of section: String, into layer: inout Layer) {
        for (keyNode, value) in settings {
            guard let name = keyNode.scalar?.string else {
                layer.faults.append(fault(keyNode, "a setting's name in `\(section)` must be a word.", key: section))
                continue
            }
            let key = "\(section).\(name)"
            let group = Setting.all.filter { $0.key.hasPrefix(key + ".") }
            if !group.isEmpty {
                switch value {
                case .mapping(let settings): read(settings, of: key, into: &layer)
                case _ where isNull(value): break
                default:
                    let names = group.map { "`\($0.key.dropFirst(key.count + 1))`" }.joined(separator: ", ")
                    layer.faults.append(
                        fault(value, "`\(key)` is a group; write its settings below it: \(names).", key: key))
                }
                continue
            }
            guard Setting.byKey[key] != nil else {
                layer.faults.append(unknownKey(key, origin(keyNode)))
                continue
            }
            do {
                layer.add(key, try raw(value), origin(value))
            } catch {
                layer.faults.append(fault(value, "`\(key)`: \(error.reason)", key: key))
            }
        }
    }

    private func raw(_ node: Node) throws(Rejection) -> RawValue {
        if isNull(node) { return .unset }
        switch node {
        case .scalar(let scalar):
            let text = try substituted(scalar.string, environment: environment)
            return text.isEmpty ? .unset : .text(text)
        case .sequence(let items):
            var texts: [String] = []
            for item in items {
                guard let text = item.scalar?.string else { throw Rejection("an item of the list is not a single value.") }
                texts.append(try substituted(text, environment: environment))
            }
            return .list(texts)
        case .mapping, .alias: throw Rejection("it must be a value, not a section.")
        }
    }

    /// `~`, `null` or nothing after the colon, but not the quoted word.
    private func isNull(_ node: Node) -> Bool {
        node.scalar.map { $0.style == .plain && ["", "~", "null", "Null", "NULL"].contains($0.string) } ?? false
    }

    private func unknownSection(_ section: String, _ node: Node) -> Fault {
        let advice: String
        if Setting.byKey[section] != nil, let dot = section.firstIndex(of: ".") {
            advice = "write `\(section[section.index(after: dot)...])` below `\(section[..<dot]):`."
        } else if let known = nearest(to: section, among: Setting.sections) {
            advice = "did you mean `\(known)`?"
        } else if let setting = Setting.all.first(where: { $0.name == section }) {
            advice = "write it below `\(setting.section):`."
        } else {
            advice = "sections are \(Setting.sections.map { "`\($0)`" }.joined(separator: ", "))."
        }
        return fault(node, "`\(section)` is not a section; \(advice)", key: section)
    }

    private func origin(_ node: Node) -> Origin { .file(path: path, line: node.mark?.line ?? 1) }

    private func fault(_ node: Node, _ message: String, key: String? = nil) -> Fault {
        Fault(origin: origin(node), key: key, message: message)
    }

    private func fault(_ line: Int, _ message: String) -> Fault {
        Fault(origin: .file(path: path, line: line), key: nil, message: message)
    }
}
