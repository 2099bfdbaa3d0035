# @summary A range of the plugins, or two of them: `5`, `10%`, `2:,1:`.
type Ipsec::Limit = Variant[Numeric, Pattern[/\A[@~0-9.:,%-]+\z/]]
