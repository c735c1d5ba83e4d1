import QtQuick
import "../theme"
import "../components"

// When was somebody born? The year alone is all that many old papers say.
DayTyping {
    id: screen
    title: Tr.t(vm.whose === "self" ? "type_birth.title" : "type_birth.title_" + vm.whose)
    secondaryText: Tr.t(onlyYear ? "type_birth.whole_date" : "type_birth.only_year")
    onPrimaryTouched: vm.submitBirth(digits)
    onSecondaryTouched: useOnlyYear(!onlyYear)
}
