pragma Singleton
import QtQuick

// Texts by key in the language of the moment. A binding that calls t() follows a change of language by itself.
QtObject {
    property var strings: ({})

    // Text of `key` with {name} replaced from `values`. A key that is missing is an error and shows itself.
    function t(key, values) {
        let text = strings[key];
        if (text === undefined) {
            console.warn("text missing: " + key);
            return "[" + key + "]";
        }
        for (const name in (values ?? {}))
            text = text.replace("{" + name + "}", values[name]);
        return text;
    }

    function has(key) { return strings[key] !== undefined; }

    // A day (ISO text, "2045-02-03") as this language writes it; empty stays empty.
    function day(iso) {
        if (iso === "")
            return "";
        const parts = iso.split("-").map(Number);
        const date = new Date(parts[0], parts[1] - 1, parts[2]);
        return date.toLocaleDateString(Qt.locale(t("language.locale")), t("language.day_format"));
    }
}
