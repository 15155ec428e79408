"""The emoji that the sandbox can draw, by Slack's short names. Others keep their name between colons."""

from collections.abc import Mapping

NAMES = """
eyes 👀 white_check_mark ✅ pushpin 📌 +1 👍 -1 👎 thumbsup 👍 thumbsdown 👎 tada 🎉 fire 🔥 rotating_light 🚨
warning ⚠️ heavy_check_mark ✔️ x ❌ no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 question ❓ exclamation ❗
bangbang ‼️ information_source ℹ️ bell 🔔 no_bell 🔕 mute 🔇 loud_sound 🔊 mega 📣 loudspeaker 📢 speech_balloon 💬
hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ alarm_clock ⏰ timer_clock ⏲️ clock1 🕐 clock3 🕒 clock9 🕘
calendar 📆 date 📅 spiral_calendar_pad 🗓️ memo 📝 pencil 📝 pencil2 ✏️ clipboard 📋 page_facing_up 📄 scroll 📜
books 📚 book 📖 bookmark 🔖 bookmark_tabs 📑 link 🔗 paperclip 📎 mag 🔍 mag_right 🔎 bar_chart 📊
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 rocket 🚀 construction 🚧 hammer 🔨
hammer_and_wrench 🛠️ wrench 🔧 gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 magnet 🧲 test_tube 🧪 microscope 🔬 bulb 💡
zap ⚡ battery 🔋 electric_plug 🔌 computer 💻 desktop_computer 🖥️ keyboard ⌨️ floppy_disk 💾 cd 💿
file_cabinet 🗄️ package 📦 inbox_tray 📥 outbox_tray 📤 mailbox 📫 email 📧 envelope ✉️ phone ☎️
telephone_receiver 📞 iphone 📱 pager 📟 satellite 🛰️ satellite_antenna 📡 globe_with_meridians 🌐 earth_africa 🌍
cloud ☁️ sunny ☀️ partly_sunny ⛅ rain_cloud 🌧️ thunder_cloud_and_rain ⛈️ snowflake ❄️ rainbow 🌈 ocean 🌊
lock 🔒 unlock 🔓 key 🔑 shield 🛡️ closed_lock_with_key 🔐 red_circle 🔴 large_orange_circle 🟠
large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 white_circle ⚪
black_circle ⚫ large_red_square 🟥 large_green_square 🟩 large_yellow_square 🟨 large_blue_square 🟦
large_orange_square 🟧 small_red_triangle 🔺 small_red_triangle_down 🔻 small_blue_diamond 🔹
small_orange_diamond 🔸 black_square_for_stop ⏹️ arrow_forward ▶️ double_vertical_bar ⏸️
arrows_counterclockwise 🔄 arrows_clockwise 🔃 repeat 🔁 leftwards_arrow_with_hook ↩️ arrow_up ⬆️ arrow_down ⬇️
arrow_right ➡️ arrow_left ⬅️ arrow_upper_right ↗️ arrow_lower_right ↘️ heavy_plus_sign ➕ heavy_minus_sign ➖
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ hash #️⃣ 100 💯 ok 🆗 sos 🆘 new 🆕 up 🆙 checkered_flag 🏁
triangular_flag_on_post 🚩 white_flag 🏳️ trophy 🏆 medal 🏅 star ⭐ sparkles ✨ dart 🎯 ship 🚢 fire_engine 🚒
ambulance 🚑 helicopter 🚁 firefighter 🧑‍🚒 technologist 🧑‍💻 detective 🕵️ robot_face 🤖 ghost 👻 skull 💀 bug 🐛
ant 🐜 snail 🐌 turtle 🐢 whale 🐳 elephant 🐘 snake 🐍 crab 🦀 penguin 🐧 owl 🦉 bear 🐻 rabbit 🐰 wave 👋
raised_hands 🙌 clap 👏 pray 🙏 muscle 💪 point_up ☝️ point_right 👉 ok_hand 👌 handshake 🤝 raised_hand ✋ salute 🫡
saluting_face 🫡 heart ❤️ green_heart 💚 broken_heart 💔 smile 😄 slightly_smiling_face 🙂 grin 😁 joy 😂 wink 😉
thinking_face 🤔 neutral_face 😐 disappointed 😞 cry 😢 sob 😭 scream 😱 fearful 😨 sweat_smile 😅 sleeping 😴 zzz 💤
tired_face 😫 exploding_head 🤯 face_with_thermometer 🤒 hot_face 🥵 cold_face 🥶 partying_face 🥳 sunglasses 😎
nerd_face 🤓 busts_in_silhouette 👥 bust_in_silhouette 👤 crown 👑 coffee ☕ pizza 🍕 beer 🍺 cake 🍰 seedling 🌱
deciduous_tree 🌳 four_leaf_clover 🍀 moneybag 💰 money_with_wings 💸 credit_card 💳 balance_scale ⚖️
wastebasket 🗑️ broom 🧹 recycle ♻️ infinity ♾️ vertical_traffic_light 🚦 traffic_light 🚥 stethoscope 🩺 pill 💊
syringe 💉 adhesive_bandage 🩹 crystal_ball 🔮 compass 🧭 world_map 🗺️ hole 🕳️ dizzy 💫 boom 💥 fast_forward ⏩
rewind ⏪ label 🏷️ ticket 🎫 newspaper 📰 dotted_line_face 🫥 melting_face 🫠
""".split()  # noqa: SIM905, RUF001 - a table reads better than five hundred quoted strings

EMOJI: Mapping[str, str] = dict(zip(NAMES[::2], NAMES[1::2], strict=True))
