import QtQuick
import "../theme"
import "../components"

// The last day of a passport: the third thing that opens its chip.
DayTyping {
    title: Tr.t("type_expiry.title")
    secondaryText: Tr.t("type_expiry.secondary")
    onPrimaryTouched: vm.submitExpiry(digits)
    onSecondaryTouched: vm.withoutChip()
}
